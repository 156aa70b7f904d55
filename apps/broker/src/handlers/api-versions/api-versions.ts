/*
 * ApiVersions (API 18), versions 0 to 4 (KIP-511, KIP-584). The list is derived from the handlers, so
 * that nothing is advertised that is not served.
 */
import { Api, ErrorCode, type ApiVersionsRequest } from "@ottla/protocol";
import { defineHandler, type AnyHandler } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";

/** Kafka's rule for the name and version of client software. */
const SOFTWARE_PATTERN = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/** Longer names than this are not looked at: the pattern has to stay cheap for any input. */
const MAX_SOFTWARE_CHARACTERS = 512;

const SOFTWARE_SINCE = 3;

/** One API as clients see it. */
export interface ServedApi {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** What ApiVersions tells about a list of handlers, ordered by key. */
export function advertise(handlers: readonly AnyHandler[]): ServedApi[] {
  return handlers
    .map(({ api, minVersion, maxVersion, advertisedMinVersion }) => ({
      apiKey: api.key,
      minVersion: advertisedMinVersion ?? minVersion,
      maxVersion,
    }))
    .sort((a, b) => a.apiKey - b.apiKey);
}

/** `handlers` is asked late, because this handler is itself one of them. */
export function apiVersions(handlers: () => readonly AnyHandler[]) {
  let apiKeys: readonly ServedApi[] | undefined;
  return defineHandler({
    api: Api.ApiVersions,
    minVersion: 0,
    maxVersion: 4,
    handle(context, request) {
      if (context.apiVersion >= SOFTWARE_SINCE && !rememberSoftware(context, request)) {
        return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
      }
      apiKeys ??= advertise(handlers());
      return { errorCode: ErrorCode.NONE, apiKeys, finalizedFeaturesEpoch: -1n };
    },
  });
}

function rememberSoftware(context: RequestContext, request: ApiVersionsRequest): boolean {
  const { clientSoftwareName: name, clientSoftwareVersion: version } = request;
  const valid = [name, version].every((text) => text.length <= MAX_SOFTWARE_CHARACTERS && SOFTWARE_PATTERN.test(text));
  if (!valid) return false;
  context.connection.clientSoftwareName = name;
  context.connection.clientSoftwareVersion = version;
  return true;
}
