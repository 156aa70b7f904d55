// Runs the kcat program and reads what it prints.
import { type ChildProcess, spawn } from "node:child_process";
import { bootstrap } from "../kafkajs/exercise/suite.ts";
import type { SampleRecord } from "../kafkajs/exercise/sample-records.ts";

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export function startKcat(argv: readonly string[]): ChildProcess {
  // -F keeps a configuration file of the person who runs this from changing the outcome.
  return spawn("kcat", ["-F", "/dev/null", "-b", bootstrap, ...argv], {
    stdio: ["pipe", "pipe", "pipe"],
  });
}

export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout!.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr!.on("data", (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) =>
      resolve({
        exitCode,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
  });
}

/** Runs kcat to its end, whatever that is; for what must fail. */
export function tryKcat(argv: readonly string[], input: string | Buffer = ""): Promise<Outcome> {
  const child = startKcat(argv);
  const outcome = outcomeOf(child);
  // A kcat that fails early closes its input; its exit code and message say more than EPIPE would.
  child.stdin!.on("error", () => {});
  child.stdin!.end(input);
  return outcome;
}

/** Runs kcat and returns its standard output; throws with its message when it fails. */
export async function runKcat(
  argv: readonly string[],
  input: string | Buffer = "",
): Promise<Buffer> {
  const { exitCode, stdout, stderr } = await tryKcat(argv, input);
  if (exitCode !== 0) {
    throw new Error(`kcat ${argv.join(" ")} ended with ${exitCode}: ${stderr}`);
  }
  return stdout;
}

export interface StoredRecord extends SampleRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

const BINARY_FORMAT = "%t %p %o %T %K %R%k%s%h\\n";
const ABSENT = -1;

/** Everything in the topic, with keys and values as bytes: their lengths stand before them. */
export async function readTopic(topic: string): Promise<StoredRecord[]> {
  const output = await runKcat([
    "-C",
    "-q",
    "-t",
    topic,
    "-o",
    "beginning",
    "-e",
    "-f",
    BINARY_FORMAT,
  ]);
  const records: StoredRecord[] = [];
  let position = 0;
  const word = () => {
    const end = output.indexOf(" ", position);
    const text = output.toString("utf8", position, end);
    position = end + 1;
    return text;
  };
  const bytes = (length: number) => {
    position += Math.max(length, 0);
    return length === ABSENT ? null : output.subarray(position - length, position);
  };
  while (position < output.length) {
    const [name, partition, offset, timestamp, keyLength] = [
      word(),
      word(),
      word(),
      word(),
      word(),
    ];
    const valueLength = output.readInt32BE(position);
    position += 4;
    const key = bytes(Number(keyLength));
    const value = bytes(valueLength);
    const end = output.indexOf("\n", position);
    const headers = readHeaders(output.toString("utf8", position, end));
    position = end + 1;
    records.push({
      topic: name,
      partition: Number(partition),
      offset: Number(offset),
      timestamp: Number(timestamp),
      key,
      value,
      headers,
    });
  }
  return records;
}

function readHeaders(text: string): [string, Buffer][] {
  if (text === "") {
    return [];
  }
  return text.split(",").map((header) => {
    const separator = header.indexOf("=");
    return [header.slice(0, separator), Buffer.from(header.slice(separator + 1))];
  });
}

/** Values by partition, in offset order. */
export async function valuesByPartition(topic: string): Promise<Map<number, string[]>> {
  const values = new Map<number, string[]>();
  for (const record of await readTopic(topic)) {
    const list = values.get(record.partition) ?? [];
    list.push(String(record.value));
    values.set(record.partition, list);
  }
  return values;
}
