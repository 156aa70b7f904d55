import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli, startCli } from "../test/run-cli.ts";

let directory: string;
let data: string;
const running = new Set<ReturnType<typeof startCli>>();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ottla-snapshot-"));
  data = join(directory, "data");
});

afterEach(async () => {
  for (const server of running) await stop(server);
  rmSync(directory, { recursive: true, force: true });
});

async function start(dataDirectory: string) {
  const server = startCli(["server", "--data-dir", dataDirectory, "--port", "0"]);
  running.add(server);
  server.stderr.resume();
  for await (const line of createInterface({ input: server.stdout })) {
    const address = /^ottla ready kafka=(\S+)/.exec(line)?.[1];
    if (address !== undefined) return { server, bootstrapServer: address };
  }
  throw new Error("the server ended before it was ready");
}

async function stop(server: ReturnType<typeof startCli>): Promise<void> {
  running.delete(server);
  if (server.exitCode !== null) return;
  const closed = once(server, "close");
  server.kill("SIGTERM");
  await closed;
}

async function succeed(args: readonly string[], bootstrapServer?: string, stdin?: string) {
  const result = await runCli(args, {
    ...(bootstrapServer === undefined ? {} : { bootstrapServer }),
    ...(stdin === undefined ? {} : { stdin }),
  });
  expect(result.stderr).toBe("");
  expect(result.code).toBe(0);
  return result.stdout;
}

const consume = (bootstrapServer: string) =>
  succeed(["consume", "orders", "-o", "beginning", "-e"], bootstrapServer);

test("a snapshot of a running broker becomes a broker of its own, and the first one does not notice", async () => {
  const first = await start(data);
  await succeed(["produce", "orders"], first.bootstrapServer, "a\nb\nc\n");
  expect(await succeed(["snapshot", "save", "now", "--data-dir", data])).toMatch(
    /^saved "now": \d+ partitions?, 3 records, \d+ B\n$/,
  );
  await succeed(["produce", "orders"], first.bootstrapServer, "d\n");
  const branch = join(directory, "branch");
  const loaded = await succeed(["snapshot", "load", "now", "--data-dir", data, "--to", branch]);
  expect(loaded).toContain(`made ${branch} of "now": `);
  const second = await start(branch);
  expect(await consume(second.bootstrapServer)).toBe("a\nb\nc\n");
  await succeed(["produce", "orders"], second.bootstrapServer, "other\n");
  expect(await consume(second.bootstrapServer)).toBe("a\nb\nc\nother\n");
  expect(await consume(first.bootstrapServer)).toBe("a\nb\nc\nd\n");
});

test("a snapshot of a stopped broker holds its topics, and the socket is nobody else's", async () => {
  const first = await start(data);
  expect(statSync(join(data, "ottla.sock")).mode & 0o077).toBe(0);
  await succeed(["produce", "orders"], first.bootstrapServer, "a\n");
  await stop(first.server);
  expect(readdirSync(data)).not.toContain("ottla.sock");
  await succeed(["snapshot", "save", "stopped", "--data-dir", data]);
  const list = await succeed(["snapshot", "list", "--data-dir", data]);
  expect(list).toMatch(/^NAME +CREATED +PARTITIONS +RECORDS +SIZE\nstopped +\d{4}-/);
  const branch = join(directory, "branch");
  await succeed(["snapshot", "load", "stopped", "--data-dir", data, "--to", branch]);
  const second = await start(branch);
  expect(await consume(second.bootstrapServer)).toBe("a\n");
  await succeed(["snapshot", "delete", "stopped", "--data-dir", data]);
  const gone = await runCli(["snapshot", "load", "stopped", "--data-dir", data, "--to", `${branch}2`]);
  expect(gone).toMatchObject({
    code: 1,
    stdout: "",
    stderr: `ottla: ${data} has no snapshot "stopped"; there are none\n`,
  });
});

test("without a data directory the command says so", async () => {
  expect(await runCli(["snapshot", "save", "x", "--data-dir", data])).toMatchObject({
    code: 1,
    stderr: `ottla: ${data} is no data directory of Ottla\n`,
  });
});
