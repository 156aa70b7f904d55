import {
  ErrorCode,
  metadataResponse,
  decodeMessage,
  encodeMessage,
  type MessageInput,
  type MetadataResponse,
} from "@ottla/protocol";
import { expect, test } from "vitest";
import { Metadata } from "./metadata.ts";

const ONE = "q83vEjRWeJCrze8SNFZ4kA";
const OTHER = "AAECAwQFBgcICQoLDA0ODw";

function response(input: MessageInput<MetadataResponse>): MetadataResponse {
  return decodeMessage(metadataResponse, encodeMessage(metadataResponse, input, 13), 13);
}

function topic(
  leaderEpoch: number,
  leaderId: number,
  topicId = ONE,
): MessageInput<MetadataResponse> {
  return {
    topics: [{ name: "t", topicId, partitions: [{ partitionIndex: 0, leaderId, leaderEpoch }] }],
  };
}

test("a leader of an older epoch does not replace a newer one", () => {
  const metadata = new Metadata();
  metadata.update(response(topic(5, 2)));
  metadata.update(response(topic(4, 1)));
  expect(metadata.partition("t", 0)?.leader).toBe(2);
});

test("a topic that was deleted and created again starts from its own epochs", () => {
  const metadata = new Metadata();
  metadata.update(response(topic(5, 2)));
  metadata.update(response(topic(0, 1, OTHER)));
  expect(metadata.partition("t", 0)?.leader).toBe(1);
  expect(metadata.topicNameById(ONE)).toBeUndefined();
  expect(metadata.topicNameById(OTHER)).toBe("t");
});

test("an unknown topic is forgotten, another error leaves what is known", () => {
  const metadata = new Metadata();
  metadata.update(response(topic(5, 2)));
  metadata.update(response({ topics: [{ name: "t", errorCode: ErrorCode.LEADER_NOT_AVAILABLE }] }));
  expect(metadata.topic("t")).toBeDefined();
  expect(metadata.topicError("t")).toBe(ErrorCode.LEADER_NOT_AVAILABLE);
  metadata.update(
    response({ topics: [{ name: "t", errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }] }),
  );
  expect(metadata.topic("t")).toBeUndefined();
});

test("an empty list of brokers does not wipe out the known ones", () => {
  const metadata = new Metadata();
  metadata.update(response({ brokers: [{ nodeId: 1, host: "h", port: 1 }] }));
  metadata.update(response({}));
  expect([...metadata.brokers.keys()]).toEqual([1]);
});
