/**
 * The demo: a broker in a temporary directory, a real data set through the console producer, two console
 * consumers in one group, then kill -9 and a restart. Every claim that is printed has been checked, and the
 * exit code is not 0 when one fails.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findFault, parseDelivery, type Delivery } from "./delivery.ts";
import { readFlights, type FlightRecord } from "./flights.ts";
import { OttlaProcess, runOttla, startBroker } from "./ottla-process.ts";

const TOPIC = "flights";
const GROUP = "demo";
const PARTITIONS = 6;
const CONSUMERS = 2;
const PATIENCE_MS = 60_000;
/** After the last record this long nothing more may come. */
const SILENCE_MS = 300;

interface GroupDescription {
  readonly state: string;
  readonly members: readonly { readonly memberId: string }[];
  readonly offsets: readonly {
    readonly partition: number;
    readonly committed: number | null;
    readonly logEndOffset: number;
    readonly lag: number | null;
  }[];
}

class ReadingConsumer {
  readonly deliveries: Delivery[] = [];
  readonly #process: OttlaProcess;
  readonly #reading: Promise<void>;

  constructor(bootstrapServer: string) {
    const print = ["print.partition", "print.offset", "print.key"].flatMap((name) => [
      "--formatter-property",
      `${name}=true`,
    ]);
    this.#process = new OttlaProcess(
      ["console-consumer", "--topic", TOPIC, "--group", GROUP, "--from-beginning", ...print],
      bootstrapServer,
    );
    this.#reading = this.#read();
  }

  /** Ends it by Ctrl-C, so that it commits and leaves the group. */
  async stop(): Promise<void> {
    this.#process.kill("SIGINT");
    await this.#reading;
    const code = await this.#process.exitCode();
    check(code === 130, `a console consumer ended with ${code}: ${await this.#process.errors()}`);
  }

  async #read(): Promise<void> {
    for await (const line of this.#process.lines()) this.deliveries.push(parseDelivery(line));
  }
}

class CheckFailed extends Error {}

function check(isTrue: boolean, otherwise: string): asserts isTrue {
  if (!isTrue) throw new CheckFailed(otherwise);
}

async function until(isDone: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!(await isDone())) {
    check(performance.now() < endMs, `${what} did not happen within ${PATIENCE_MS / 1000} s`);
    await sleep(50);
  }
}

async function describeGroup(bootstrapServer: string): Promise<GroupDescription> {
  return JSON.parse(
    await runOttla(["group", "describe", GROUP, "--output", "json"], bootstrapServer),
  ) as GroupDescription;
}

/** Milliseconds from the start of the producer to its end, when all records are stored. */
async function produce(flights: readonly FlightRecord[], bootstrapServer: string): Promise<number> {
  const startMs = performance.now();
  const producer = new OttlaProcess(
    [
      "console-producer",
      "--topic",
      TOPIC,
      "--reader-property",
      "parse.key=true",
      "--compression-codec",
      "zstd",
    ],
    bootstrapServer,
  );
  for (const { key, value } of flights)
    if (!producer.input.write(`${key}\t${value}\n`)) await once(producer.input, "drain");
  producer.input.end();
  const code = await producer.exitCode();
  check(code === 0, `the console producer ended with ${code}: ${await producer.errors()}`);
  return performance.now() - startMs;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function table(rows: readonly (readonly (string | number)[])[]): void {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en-US") : cell)),
  );
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of cells)
    say(`    ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("   ")}`);
}

async function stream(bootstrapServer: string, flights: readonly FlightRecord[]): Promise<void> {
  await runOttla(
    ["topics", "--create", "--topic", TOPIC, "--partitions", String(PARTITIONS)],
    bootstrapServer,
  );
  const consumers = Array.from({ length: CONSUMERS }, () => new ReadingConsumer(bootstrapServer));
  await until(async () => {
    const groups = JSON.parse(
      await runOttla(["group", "list", "--output", "json"], bootstrapServer),
    ) as readonly { readonly groupId: string }[];
    if (!groups.some(({ groupId }) => groupId === GROUP)) return false;
    const { members, state } = await describeGroup(bootstrapServer);
    return members.length === CONSUMERS && state === "Stable";
  }, "that both consumers are in the group");
  say(`  ${CONSUMERS} console consumers share group ${GROUP}`);
  const startMs = performance.now();
  const producedMs = await produce(flights, bootstrapServer);
  const received = (): number =>
    consumers.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
  await until(
    () => received() >= flights.length,
    `that all ${flights.length} records arrive (${received()} have)`,
  );
  const deliveredMs = performance.now() - startMs;
  await sleep(SILENCE_MS);
  for (const consumer of consumers) await consumer.stop();
  const fault = findFault(
    flights,
    consumers.flatMap(({ deliveries }) => deliveries),
  );
  check(fault === undefined, fault ?? "");
  for (const { deliveries } of consumers) check(deliveries.length > 0, "one consumer got nothing");
  const megabytes =
    flights.reduce((sum, { key, value }) => sum + key.length + value.length, 0) / 1e6;
  say("  every record arrived once, and in order for each airport\n");
  const rate = (ms: number): (string | number)[] => [
    Math.round(ms),
    Math.round(flights.length / (ms / 1000)),
    (megabytes / (ms / 1000)).toFixed(1),
  ];
  table([
    ["", "ms", "records/s", "MB/s"],
    ["produced", ...rate(producedMs)],
    ["delivered", ...rate(deliveredMs)],
  ]);
  say("    (with the start of the producer process)\n");
  await showOffsets(bootstrapServer, consumers);
}

async function showOffsets(
  bootstrapServer: string,
  consumers: readonly ReadingConsumer[],
): Promise<void> {
  const { offsets } = await describeGroup(bootstrapServer);
  const countIn = (partition: number, { deliveries }: ReadingConsumer): number =>
    deliveries.filter((one) => one.partition === partition).length;
  check(
    offsets.length === PARTITIONS,
    `the group has offsets of ${offsets.length} partitions instead of ${PARTITIONS}`,
  );
  check(
    offsets.every(({ lag }) => lag === 0),
    `the group lags: ${JSON.stringify(offsets)}`,
  );
  table([
    [
      "partition",
      ...consumers.map((_, index) => `consumer ${index + 1}`),
      "log end",
      "committed",
      "lag",
    ],
    ...offsets.map(({ partition, committed, logEndOffset, lag }) => [
      partition,
      ...consumers.map((consumer) => countIn(partition, consumer)),
      logEndOffset,
      committed ?? "-",
      lag ?? "-",
    ]),
  ]);
}

async function readAll(bootstrapServer: string): Promise<Delivery[]> {
  const format = "Partition:%p\tOffset:%o\t%k\t%v\n";
  const printed = await runOttla(
    ["consume", TOPIC, "-o", "beginning", "-e", "-f", format],
    bootstrapServer,
  );
  return printed === "" ? [] : printed.split("\n").map(parseDelivery);
}

async function main(): Promise<void> {
  const flights = readFlights();
  const directory = await mkdtemp(join(tmpdir(), "ottla-demo-"));
  try {
    await show(directory, flights);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function show(directory: string, flights: readonly FlightRecord[]): Promise<void> {
  let broker = await startBroker(join(directory, "data"));
  try {
    say(`\n  a broker on ${broker.bootstrapServer}, ready after ${broker.readyMs} ms`);
    say(
      `  ${flights.length.toLocaleString("en-US")} flights go to topic ${TOPIC} with ${PARTITIONS} partitions, keyed by airport`,
    );
    await stream(broker.bootstrapServer, flights);
    broker.process.kill("SIGKILL");
    await broker.process.exitCode();
    broker = await startBroker(join(directory, "data"));
    say(`\n  kill -9, started again, ready after ${broker.readyMs} ms`);
    const fault = findFault(flights, await readAll(broker.bootstrapServer));
    check(fault === undefined, `after kill -9: ${fault}`);
    const { offsets } = await describeGroup(broker.bootstrapServer);
    check(
      offsets.length === PARTITIONS && offsets.every(({ lag }) => lag === 0),
      `after kill -9 the group's offsets are ${JSON.stringify(offsets)}`,
    );
    say("  all records and the group's offsets are still there");
    broker.process.kill("SIGTERM");
    const code = await broker.process.exitCode();
    check(code === 0, `the broker ended with ${code}: ${await broker.process.errors()}`);
    say("  stopped\n");
  } finally {
    broker.process.kill("SIGKILL");
    await broker.process.exitCode();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(
    error instanceof CheckFailed
      ? `demo failed: ${error.message}\n`
      : `demo failed: ${(error as Error).stack}\n`,
  );
  process.exitCode = 1;
}
