import { startOttla, type Ottla } from "@ottla/broker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli, type CliResult } from "../test/run-cli.ts";

let ottla: Ottla;

beforeAll(async () => {
  ottla = await startOttla({ settings: { "log.dirs": "/one,/two" } });
});

afterAll(() => ottla.close());

function cli(args: readonly string[], stdin?: string): Promise<CliResult> {
  const { bootstrapServers: bootstrapServer } = ottla;
  return runCli(args, { bootstrapServer, ...(stdin === undefined ? {} : { stdin }) });
}

test("log directories are shown as kafka-log-dirs shows them, with the topics that were asked for", async () => {
  expect((await cli(["topic", "create", "spread", "-p", "4"])).code).toBe(0);
  expect((await cli(["topic", "create", "other"])).code).toBe(0);
  expect((await cli(["produce", "spread"], "a\nb\n")).code).toBe(0);
  const { stdout, code } = await cli(["log-dirs", "--describe", "--topic-list", "spread"]);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.slice(0, 2)).toEqual([
    "Querying brokers for log directories information",
    "Received log directory information from brokers 1",
  ]);
  const { version, brokers } = JSON.parse(lines[2]!) as {
    version: number;
    brokers: {
      broker: number;
      logDirs: {
        logDir: string;
        error: unknown;
        partitions: { partition: string; size: number }[];
      }[];
    }[];
  };
  expect([version, brokers.length, brokers[0]!.broker]).toEqual([1, 1, 1]);
  const { logDirs } = brokers[0]!;
  expect(logDirs.map(({ logDir, error }) => [logDir, error])).toEqual([
    ["/one", null],
    ["/two", null],
  ]);
  const partitions = logDirs.flatMap((one) => one.partitions);
  expect(partitions.map(({ partition }) => partition).sort()).toEqual(
    [0, 1, 2, 3].map((index) => `spread-${index}`),
  );
  expect(partitions.some(({ size }) => size > 0)).toBe(true);
});

test("a broker that is not there is named, with those that are", async () => {
  const missing = await cli(["log-dirs", "--describe", "--broker-list", "1,9"]);
  expect(missing.stderr).toMatch(/^ottla: no such broker as 9 .*there is 1/);
  expect(missing.code).toBe(1);
  expect((await cli(["log-dirs", "--describe", "--broker-list", "x"])).code).toBe(2);
  expect((await cli(["log-dirs"])).stderr).toContain("--describe");
});
