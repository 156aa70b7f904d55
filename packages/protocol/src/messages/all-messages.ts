import type { Message } from "../schema/message.ts";
import { apis } from "./api-keys.ts";
import * as consumerProtocol from "./consumer-protocol.ts";
import * as controlRecordKey from "./control-record-key.ts";
import * as headers from "./headers.ts";
import * as consumerGroup from "./records-consumer-group.ts";
import * as control from "./records-control.ts";
import * as offsets from "./records-offsets.ts";
import * as shareGroup from "./records-share-group.ts";
import * as shareState from "./records-share-state.ts";
import * as streamsGroup from "./records-streams-group.ts";
import * as transaction from "./records-transaction.ts";

function tablesIn(module: object): Message<unknown>[] {
  return Object.values(module).filter(
    (value): value is Message<unknown> =>
      typeof value === "object" && value !== null && "validVersions" in value,
  );
}

/** Every table there is: requests, responses, headers and the records of internal topics. */
export function allMessages(): readonly Message<unknown>[] {
  const modules = [
    headers,
    consumerProtocol,
    controlRecordKey,
    control,
    offsets,
    consumerGroup,
    shareGroup,
    streamsGroup,
    transaction,
    shareState,
  ];
  return [
    ...[...apis.values()].flatMap((api) => [api.request, api.response]),
    ...modules.flatMap(tablesIn),
  ];
}
