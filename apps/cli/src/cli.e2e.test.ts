import { startOttla, type Ottla } from "@ottla/broker";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, startCli, type CliResult } from "./test/run-cli.ts";

let ottla: Ottla;

beforeAll(async () => {
  ottla = await startOttla({ settings: { "auto.create.topics.enable": true } });
});

afterAll(() => ottla.close());

function cli(args: readonly string[], stdin?: string): Promise<CliResult> {
  return runCli(args, {
    bootstrapServer: ottla.bootstrapServers,
    ...(stdin === undefined ? {} : { stdin }),
  });
}

async function succeed(args: readonly string[], stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await cli(args, stdin);
  expect(stderr.replace(/^Processed a total of \d+ messages\n$/, "")).toBe("");
  expect(code).toBe(0);
  return stdout;
}

describe("records", () => {
  test("what is piped into produce comes out of consume byte for byte and in order", async () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index} é`).join("\n");
    await succeed(["produce", "piped", "-z", "zstd"], lines);
    expect(await succeed(["consume", "piped", "-o", "beginning", "-e"])).toBe(`${lines}\n`);
  });

  test("the console producer and consumer pass keys, headers, nulls and offsets with Kafka's properties", async () => {
    await succeed(["topics", "--create", "--topic", "console", "--partitions", "1"]);
    const reader = [
      "parse.key=true",
      "parse.headers=true",
      "key.separator=|",
      "null.marker=NIL",
    ].flatMap((one) => ["--reader-property", one]);
    await succeed(
      ["console-producer", "--topic", "console", "--sync", ...reader],
      "h1:v1,h2:NIL\tk1|one\nNIL\tk2|NIL\n",
    );
    const print = [
      "print.key=true",
      "print.headers=true",
      "print.offset=true",
      "print.partition=true",
      "null.literal=<null>",
    ];
    const printed = await succeed([
      "console-consumer",
      "--topic",
      "console",
      "--from-beginning",
      "--max-messages",
      "2",
      ...print.flatMap((one) => ["--formatter-property", one]),
    ]);
    expect(printed).toBe(
      "Partition:0\tOffset:0\th1:v1,h2:<null>\tk1\tone\nPartition:0\tOffset:1\tNO_HEADERS\tk2\t<null>\n",
    );
  });

  test("a group that stops after some records goes on exactly there", async () => {
    await succeed(["produce", "resumed"], "a\nb\nc\nd\n");
    const args = [
      "console-consumer",
      "--topic",
      "resumed",
      "--group",
      "resumer",
      "--from-beginning",
    ];
    expect(await succeed([...args, "--max-messages", "3"])).toBe("a\nb\nc\n");
    expect(await succeed([...args, "--max-messages", "1"])).toBe("d\n");
  });

  test("consume starts at an offset, at the last N, and prints JSON with bytes that are no text in base64", async () => {
    await succeed(["produce", "places", "-k", "key", "-H", "h=v"], "a\nb\nc\n");
    expect(await succeed(["consume", "places", "-o", "1", "-e", "-f", "%o=%v "])).toBe("1=b 2=c ");
    expect(await succeed(["consume", "places", "-o", "-1", "-e"])).toBe("c\n");
    const [first] = (
      await succeed(["consume", "places", "-o", "0", "-c", "1", "--output", "json"])
    ).split("\n");
    expect(JSON.parse(first ?? "")).toMatchObject({
      topic: "places",
      offset: 0,
      key: "key",
      value: "a",
      headers: [{ key: "h", value: "v" }],
    });
  });

  test("Ctrl-C at the producer stores the lines that were complete and ends with 130", async () => {
    const child = startCli(["produce", "interrupted"], { bootstrapServer: ottla.bootstrapServers });
    child.stdin.write("one\ntwo\nhalf a li");
    await expect
      .poll(async () => (await cli(["get-offsets", "--topic", "interrupted"])).stdout, {
        timeout: 15_000,
      })
      .toBe("interrupted:0:2\n");
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect(code).toBe(130);
    expect(await succeed(["consume", "interrupted", "-o", "beginning", "-e"])).toBe("one\ntwo\n");
  });

  test("a reader that has seen enough ends the consumer quietly", async () => {
    await succeed(["produce", "cut"], `${"x".repeat(1_000)}\n`.repeat(3_000));
    const child = startCli(["consume", "cut", "-o", "beginning", "-e"], {
      bootstrapServer: ottla.bootstrapServers,
    });
    await once(child.stdout, "data");
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });
});

describe("topics and groups", () => {
  test("topics are created, described in Kafka's format, grown and deleted", async () => {
    expect(
      await succeed([
        "topics",
        "--create",
        "--topic",
        "managed",
        "--partitions",
        "2",
        "--config",
        "retention.ms=1000",
      ]),
    ).toBe("Created topic managed.\n");
    await succeed(["topics", "--create", "--topic", "managed", "--if-not-exists"]);
    await succeed(["topics", "--alter", "--topic", "managed", "--partitions", "3"]);
    const described = await succeed(["topics", "--describe", "--topic", "manag.d"]);
    expect(described).toMatch(
      /^Topic: managed\tTopicId: \S{22}\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: retention\.ms=1000\n/,
    );
    expect(described).toContain("\tTopic: managed\tPartition: 2\tLeader: 1\tReplicas: 1\tIsr: 1\t");
    expect(
      JSON.parse(await succeed(["topic", "describe", "managed", "--output", "json"])),
    ).toMatchObject({ configs: { "retention.ms": "1000" } });
    await succeed(["topics", "--delete", "--topic", "managed"]);
    expect((await succeed(["topics", "--list"])).split("\n")).not.toContain("managed");
  });

  test("settings of a topic are shown, set and unset", async () => {
    await succeed(["topic", "create", "set-me", "-c", "retention.ms=1000"]);
    expect(
      await succeed([
        "topic",
        "config",
        "set-me",
        "-s",
        "segment.bytes=2000000",
        "-u",
        "retention.ms",
      ]),
    ).toBe("set-me: segment.bytes=2000000\nset-me: retention.ms is back to its default\n");
    const show = async (...flags: string[]) =>
      JSON.parse(await succeed(["topic", "config", "set-me", ...flags, "--output", "json"]));
    expect(await show()).toEqual([
      { name: "segment.bytes", value: "2000000", source: "dynamic-topic" },
    ]);
    expect(await show("--all")).toContainEqual({
      name: "retention.ms",
      value: "604800000",
      source: "default",
    });
    const wrong = await cli(["topic", "config", "set-me", "-s", "segment.bites=1"]);
    expect(wrong.stderr).toMatch(/^ottla: topic set-me: Unknown topic config name: segment\.bites/);
    expect(wrong.code).toBe(1);
  });

  test("the oldest records are deleted, by offset, by time and by file", async () => {
    await succeed(["produce", "shrink"], "a\nb\nc\nd\n");
    const before = (place: string) => ["topic", "delete-records", "shrink", "--before", place];
    expect(await succeed(before("1"))).toBe("shrink 0 starts at offset 1\n");
    expect(await succeed(before("@-1h"))).toBe("shrink 0 starts at offset 1\n");
    const file = join(mkdtempSync(join(tmpdir(), "ottla-cli-")), "offsets.json");
    const partitions = [{ topic: "shrink", partition: 0, offset: 3 }];
    writeFileSync(file, JSON.stringify({ partitions, version: 1 }));
    expect(await succeed(["delete-records", "--offset-json-file", file])).toBe(
      "Executing records delete operation\nRecords delete operation completed:\npartition: shrink-0\tlow_watermark: 3\n",
    );
    rmSync(dirname(file), { recursive: true });
    expect(await succeed(["consume", "shrink", "-o", "beginning", "-e"])).toBe("d\n");
    expect((await cli(before("9"))).stderr).toMatch(/^ottla: shrink 0: .*OFFSET_OUT_OF_RANGE/);
    expect((await cli([...before("1"), "-p", "7"])).stderr).toMatch(/has no partition 7: it has/);
    expect(await succeed(before("end"))).toBe("shrink 0 starts at offset 4\n");
  });

  test("a reset shows what it would do, and does it only when told", async () => {
    await succeed(["produce", "reset-me"], "a\nb\nc\n");
    await succeed(["consume", "reset-me", "-g", "resetter", "-o", "beginning", "-c", "3"]);
    const preview = await cli(["group", "reset", "resetter", "--to", "beginning"]);
    expect(preview.stdout).toContain("reset-me          0        3    0      -3");
    expect(preview.stderr).toBe("nothing was changed: --execute does it\n");
    expect((await cli(["consumer-groups", "--describe", "--group", "resetter"])).stdout).toMatch(
      /resetter +reset-me +0 +3 +3 +0 /,
    );
    expect(
      await succeed([
        "consumer-groups",
        "--reset-offsets",
        "--group",
        "resetter",
        "--topic",
        "reset-me:0",
        "--shift-by",
        "-2",
        "--export",
        "--execute",
      ]),
    ).toBe("reset-me,0,1\n");
    const { stdout } = await cli(["consumer-groups", "--describe", "--group", "resetter"]);
    expect(stdout).toMatch(/resetter +reset-me +0 +1 +3 +2 /);
    await succeed(["group", "delete", "resetter"]);
    expect((await succeed(["consumer-groups", "--list"])).split("\n")).not.toContain("resetter");
  });
});

describe("what goes wrong is told in one line", () => {
  const cases: {
    readonly what: string;
    readonly args: readonly string[];
    readonly stdin?: string;
    readonly code: number;
    readonly says: RegExp;
  }[] = [
    {
      what: "an unknown flag",
      args: ["topics", "--lst"],
      code: 2,
      says: /^ottla: unknown option '--lst' \(Did you mean --list\?\)\n +"ottla topics --help" shows/,
    },
    {
      what: "an unknown command",
      args: ["prodce"],
      code: 2,
      says: /^ottla: there is no command prodce, did you mean produce\?\n$/,
    },
    {
      what: "two actions at once",
      args: ["topics", "--list", "--describe"],
      code: 2,
      says: /^ottla: say what to do: exactly one of --create/,
    },
    {
      what: "a flag that does not belong to the action",
      args: ["topics", "--list", "--partitions", "3"],
      code: 2,
      says: /^ottla: --partitions does not go with --list\n/,
    },
    {
      what: "a flag of Kafka that cannot be served",
      args: ["console-producer", "--topic", "t", "--line-reader", "my.Reader"],
      code: 2,
      says: /^ottla: --line-reader is not supported: Java classes/,
    },
    {
      what: "a misspelled property",
      args: ["console-consumer", "--topic", "t", "--property", "print.kye=true"],
      code: 2,
      says: /print\.kye is not supported, did you mean print\.key\?/,
    },
    {
      what: "a client setting that is not supported",
      args: ["console-producer", "--topic", "t", "--producer-property", "lingr.ms=3"],
      code: 2,
      says: /lingr\.ms is not supported, did you mean linger\.ms\?/,
    },
    {
      what: "an impossible place to start",
      args: ["consume", "t", "-o", "middle"],
      code: 2,
      says: /^ottla: "middle" is no place to start/,
    },
    {
      what: "an unreachable broker",
      args: ["topic", "list", "-b", "127.0.0.1:1"],
      code: 1,
      says: /^ottla: cannot reach 127\.0\.0\.1:1 \(connection refused\): is a broker running there\? "ottla" starts one/,
    },
    {
      what: "an unknown topic",
      args: ["consume", "nowhere", "-e"],
      code: 1,
      says: /^ottla: topic nowhere does not exist .*"ottla topic create NAME"/,
    },
    {
      what: "an unknown group",
      args: ["group", "describe", "nobody"],
      code: 1,
      says: /^ottla: consumer group nobody does not exist/,
    },
    {
      what: "a partition that does not exist",
      args: ["consume", "errors", "-p", "7", "-e"],
      code: 1,
      says: /^ottla: topic errors has no partition 7: it has 1/,
    },
    {
      what: "a topic that exists",
      args: ["topic", "create", "errors"],
      code: 1,
      says: /already exists .*--if-not-exists/,
    },
    {
      what: "a line that is too long",
      args: ["produce", "errors"],
      stdin: `good\n${"x".repeat(2_000_000)}\n`,
      code: 1,
      says: /^ottla: line 2 has more than .* bytes: raise .*max\.request\.size/,
    },
    {
      what: "a line without its separator",
      args: ["produce", "errors", "-K", ":"],
      stdin: "a:b\nno\n",
      code: 1,
      says: /^ottla: line 2: no key separator ":"; 1 record was stored\n$/,
    },
    {
      what: "a file that is no log",
      args: ["dump-log", "--files", "/dev/null"],
      code: 1,
      says: /^ottla: \/dev\/null: not a \.log/,
    },
  ];

  beforeAll(async () => {
    await succeed(["topic", "create", "errors"]);
  });

  test.concurrent.for(cases)(
    "$what: exit $code",
    async ({ args, stdin, code, says }, { expect }) => {
      const result = await cli(args, stdin);
      expect(result.stderr).toMatch(says);
      expect(result.stdout).toBe("");
      expect(result.code).toBe(code);
      expect(result.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    },
  );

  test("a record that the broker refuses names its line, and the exit code is 1", async () => {
    await succeed(["topic", "create", "small", "-c", "max.message.bytes=500"]);
    const { code, stderr } = await cli(["produce", "small"], `${"x".repeat(1_000)}\n`);
    expect(stderr).toMatch(
      /^ottla: line 1 was refused: .*MESSAGE_TOO_LARGE.*; 0 records were stored\n$/,
    );
    expect(code).toBe(1);
    expect(await succeed(["get-offsets", "--topic", "small"])).toBe("small:0:0\n");
  });
});

test("help and errors may go to a reader that has gone", async () => {
  const child = startCli(["consumer-groups", "--help"]);
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
});

test("--version prints the version, and --help of every command has an example", async () => {
  expect(await succeed(["--version"])).toMatch(/^\d+\.\d+\.\d+\n$/);
  const { createProgram } = await import("./program.ts");
  for (const command of createProgram().commands) {
    let help = "";
    command.configureOutput({ writeOut: (part) => void (help += part) }).outputHelp();
    expect(help, command.name()).toMatch(/Examples?:/);
  }
});
