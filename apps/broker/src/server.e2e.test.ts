import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@ottla/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StartError, runServer, type RunningServer } from "./server.ts";
import { batchOf, createTopic, fetchFrom, produceTo, valuesOf } from "./test/requests.ts";
import { WireClient } from "./test/wire-client.ts";

let root: string;
const running: RunningServer[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ottla-server-"));
});

afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
  rmSync(root, { recursive: true, force: true });
});

async function start(overrides: readonly string[] = [], directory = join(root, "data")): Promise<RunningServer> {
  const server = await runServer({
    sources: { overrides: ["listeners=PLAINTEXT://127.0.0.1:0", `log.dirs=${directory}`, "ottla.storage.workers=1", ...overrides] },
    logger: silentLogger,
    onFatal: (reason) => {
      throw new Error(reason);
    },
  });
  running.push(server);
  return server;
}

/** The one line that a user sees. */
async function refusal(overrides: readonly string[] = [], directory?: string): Promise<string> {
  const error = await start(overrides, directory).then(
    () => new Error("the broker started"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  const { message } = error as StartError;
  expect(message).not.toContain("\n");
  return message;
}

describe("the standalone broker", () => {
  test("initialises its directory, and finds topics and records again after a restart", async () => {
    const first = await start();
    const client = await WireClient.connect(first.port);
    await createTopic(client, "kept", { numPartitions: 2 });
    await produceTo(client, { topic: "kept", partition: 1 }, batchOf(["a", "b"]));
    await client[Symbol.asyncDispose]();
    await first.close();
    expect(readdirSync(first.logDirectories[0]!)).toEqual(expect.arrayContaining(["meta.properties", "kept-0", "kept-1", ".kafka_cleanshutdown"]));
    const second = await start();
    await using again = await WireClient.connect(second.port);
    expect(valuesOf(await fetchFrom(again, "kept", 0, { partition: 1 }))).toEqual(["0:a", "1:b"]);
  });

  test("closing twice is closing once", async () => {
    const server = await start();
    await Promise.all([server.close(), server.close()]);
  });
});

describe("a start that cannot be", () => {
  test("two brokers on one directory: the second names the process that holds it", async () => {
    await start();
    expect(await refusal()).toContain(`process ${process.pid}`);
  });

  test("a port in use: the directory is not touched", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as AddressInfo;
    expect(await refusal([`listeners=PLAINTEXT://127.0.0.1:${port}`])).toMatch(new RegExp(`port in use.*${port}.*--port`));
    expect(readdirSync(root)).toEqual([]);
    taken.close();
  });

  test("an address that is not ours", async () => {
    expect(await refusal(["listeners=PLAINTEXT://192.0.2.1:9092"])).toContain("is not an address of this machine");
  });

  test("another node's directory: names both ids and both ways out", async () => {
    await (await start()).close();
    running.length = 0;
    expect(await refusal(["node.id=7"])).toMatch(/belongs to node 1.*node 7.*node\.id=1.*--data-dir/);
  });

  test("a directory of a newer release", async () => {
    mkdirSync(join(root, "data"));
    writeFileSync(join(root, "data", "meta.properties"), "version=2\nnode.id=1\ncluster.id=x\n");
    expect(await refusal()).toContain("format version 2");
    expect(readdirSync(join(root, "data"))).toEqual(["meta.properties"]);
  });

  test("a file where the directory should be", async () => {
    writeFileSync(join(root, "data"), "");
    expect(await refusal()).toContain("is not a directory");
  });

  test.each([
    ["an unknown setting", "num.partition=3", "did you mean num.partitions?"],
    ["a value of the wrong type", "num.partitions=three", "must be a whole number"],
    ["a listener with TLS", "listeners=SSL://127.0.0.1:0", "PLAINTEXT"],
    ["an authorizer, which must not be ignored", "authorizer.class.name=x.Y", "must not be ignored"],
  ])("%s", async (_what, override, expected) => {
    expect(await refusal([override])).toContain(expected);
    expect(readdirSync(root)).toEqual([]);
  });
});
