import { Admin, type ConnectionOptions } from "@ottla/client";
import { CommandError } from "../failure/exit.ts";

/** The topics, after it is sure that they exist: a consumer alone would wait for them to appear. */
export async function existingTopics(
  connection: ConnectionOptions,
  topics: readonly string[],
): Promise<readonly string[]> {
  await using admin = new Admin(connectionOf(connection));
  await admin.describeTopics(topics);
  return topics;
}

export async function matchingTopics(
  connection: ConnectionOptions,
  pattern: RegExp,
  text: string,
): Promise<readonly string[]> {
  await using admin = new Admin(connectionOf(connection));
  const topics = (await admin.listTopics())
    .map(({ name }) => name)
    .filter((name) => pattern.test(name));
  if (topics.length === 0)
    throw new CommandError(`no topic matches ${text}: "ottla topic list" shows what exists`);
  return topics;
}

function connectionOf({
  bootstrapServers,
  clientId,
  bootstrapTimeoutMs,
  requestTimeoutMs,
}: ConnectionOptions): ConnectionOptions {
  return {
    bootstrapServers,
    ...(clientId === undefined ? {} : { clientId }),
    ...(bootstrapTimeoutMs === undefined ? {} : { bootstrapTimeoutMs }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
  };
}
