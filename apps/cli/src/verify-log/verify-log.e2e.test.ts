import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../test/run-cli.ts";

// Written by Apache Kafka 4.3.1: five records in each codec, a committed and an aborted transaction.
const GOLDEN = join(
  import.meta.dirname,
  "../../../../packages/storage/test-support/kafka-directory",
);
let work = "";
let kafka = "";

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "ottla-verify-"));
  kafka = join(work, "kafka");
  cpSync(GOLDEN, kafka, { recursive: true });
});

afterEach(() => rmSync(work, { recursive: true }));

function flip(name: string, at: number): void {
  const path = join(kafka, "golden-0", name);
  const bytes = readFileSync(path);
  bytes[at]! ^= 0xff;
  writeFileSync(path, bytes);
}

describe("ottla verify-log", () => {
  test("shows a sound directory as a table with a summary, and ends with 0", async () => {
    const { code, stdout, stderr } = await runCli(["verify-log", "--deep", kafka]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [head, row] = stdout.split("\n");
    expect(head).toMatch(/^PARTITION +SEGMENTS +BATCHES +RECORDS +BYTES +START +END +STATUS$/);
    expect(row).toMatch(/^golden-0 +2 +9 +33 +1,798 +0 +33 +ok$/);
    expect(row!.indexOf("ok")).toBe(head!.indexOf("STATUS"));
    expect(stdout).toMatch(/1 partition, 1\.8 KiB checked in .*1 ok {2}· {2}0 damaged/);
  });

  test("names file and place of a damaged batch, and ends with 1", async () => {
    flip("00000000000000000000.log", 100);
    const { code, stdout, stderr } = await runCli(["verify-log", kafka]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/golden-0 .*DAMAGED/);
    expect(stdout).toMatch(/damage +.*00000000000000000000\.log at byte 0: .*CRC/);
    expect(stderr).toMatch(/damages? found in/);
  });

  test("calls a damaged index repairable, and ends with 0", async () => {
    flip("00000000000000000000.timeindex", 3);
    const { code, stdout } = await runCli(["verify-log", kafka]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/golden-0 .*repairable/);
    expect(stdout).toMatch(/repairable +.*00000000000000000000\.timeindex/);
  });

  test("gives programs everything as JSON", async () => {
    flip("00000000000000000028.log", 100);
    const { code, stdout } = await runCli(["verify-log", "--json", kafka]);
    expect(code).toBe(1);
    const { partitions } = JSON.parse(stdout) as {
      partitions: { name: string; findings: { severity: string; file: string }[] }[];
    };
    expect(partitions[0]).toMatchObject({ name: "golden-0" });
    expect(partitions[0]!.findings).toContainEqual(expect.objectContaining({ severity: "damage" }));
  });

  test("says in one line that there is nothing at a path", async () => {
    const { code, stdout, stderr } = await runCli(["verify-log", join(work, "nothing")]);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("ottla adopt", () => {
  test("makes a data directory of a Kafka directory, which then passes every check", async () => {
    const ottla = join(work, "ottla");
    const adopted = await runCli(["adopt", kafka, "--data-dir", ottla]);
    expect(adopted.code).toBe(0);
    const [head, row] = adopted.stdout.split("\n");
    expect(head).toMatch(/^TOPIC +PARTITIONS +TOPIC ID +SETTINGS$/);
    expect(row).toMatch(/^golden +1 +[\w-]{22} +-$/);
    expect(adopted.stdout).toContain(
      `1 topic adopted; start with: ottla server --data-dir ${ottla}`,
    );
    const verified = await runCli(["verify-log", "--deep", ottla]);
    expect(verified.stdout).toMatch(/golden-0 .*33 +(ok|repairable)/);
    expect(verified.code).toBe(0);
  });

  test("refuses a directory that Kafka did not close, and makes nothing", async () => {
    rmSync(join(kafka, ".kafka_cleanshutdown"));
    const { code, stdout, stderr } = await runCli([
      "adopt",
      kafka,
      "--data-dir",
      join(work, "ottla"),
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/clean/);
  });
});
