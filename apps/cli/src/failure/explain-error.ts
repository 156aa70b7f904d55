import { ConnectionError, KafkaError, TimeoutError, UnsupportedVersionError } from "@ottla/client";
import { ErrorCode } from "@ottla/protocol";
import { CommandError } from "./exit.ts";

/** What a person can do about an answer of the broker; codes that are absent speak for themselves. */
const ADVICE: ReadonlyMap<number, string> = new Map<number, string>([
  [
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    '"ottla topic list" shows what exists, "ottla topic create NAME" makes a topic',
  ],
  [ErrorCode.TOPIC_ALREADY_EXISTS, "choose another name, or pass --if-not-exists"],
  [
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    "a topic name has up to 249 letters, digits, dots, underscores and hyphens",
  ],
  [ErrorCode.MESSAGE_TOO_LARGE, "raise max.message.bytes of the topic, or send smaller records"],
  [ErrorCode.RECORD_LIST_TOO_LARGE, "send smaller records, or raise segment.bytes of the topic"],
  [ErrorCode.INVALID_RECORD, "a compacted topic takes only records with a key"],
  [ErrorCode.NON_EMPTY_GROUP, "stop its consumers first"],
  [ErrorCode.UNKNOWN_MEMBER_ID, "the group is in use: stop its consumers first"],
  [ErrorCode.GROUP_ID_NOT_FOUND, '"ottla group list" shows the groups'],
  [
    ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
    "the group still reads this topic: stop its consumers first",
  ],
  [ErrorCode.INVALID_REPLICATION_FACTOR, "there are not so many brokers"],
  [ErrorCode.INVALID_PARTITIONS, "the number of partitions can only grow"],
]);

/** One line about a failure of the broker or of the way to it; undefined for everything unforeseen. */
export function explainError(error: unknown): string | undefined {
  if (error instanceof CommandError) return error.message;
  if (error instanceof KafkaError) {
    const advice = ADVICE.get(error.code);
    return `${oneLine(error.message)} (${error.name})${advice === undefined ? "" : `: ${advice}`}`;
  }
  if (error instanceof ConnectionError) {
    return error.message.endsWith("?")
      ? `${oneLine(error.message)} "ottla" starts one, -b HOST:PORT names another`
      : oneLine(error.message);
  }
  if (error instanceof TimeoutError)
    return `${oneLine(error.message)}: is the broker busy or gone? Try again`;
  if (error instanceof UnsupportedVersionError)
    return `${oneLine(error.message)}: this broker is too old or too new for the command`;
  return undefined;
}

function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, " ").replace(/[.\s]+$/, "");
}
