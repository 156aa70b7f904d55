import { readFileSync } from "node:fs";
import { Admin, type RecordsToDelete } from "@ottla/client";
import { UsageError } from "../failure/exit.ts";
import { throwRefusals } from "../failure/throw-refusals.ts";
import { connectionOptions } from "../options/client-settings.ts";
import type { ConnectionFlags } from "../options/flags.ts";
import { printLines } from "../output/standard-output.ts";

export interface DeleteRecordsFileFlags extends ConnectionFlags {
  readonly offsetJsonFile: string;
}

/** Kafka's number for everything that a consumer could read. */
const HIGH_WATERMARK = -1;

export async function runDeleteRecordsFile(flags: DeleteRecordsFileFlags): Promise<void> {
  const wanted = readOffsetsFile(flags.offsetJsonFile);
  await using admin = new Admin(connectionOptions(flags));
  await printLines(["Executing records delete operation"]);
  const results = await admin.deleteRecords(wanted);
  await printLines([
    "Records delete operation completed:",
    ...results
      .filter(({ error }) => error === undefined)
      .map(
        ({ topic, partition, lowWatermark }) =>
          `partition: ${topic}-${partition}\tlow_watermark: ${lowWatermark}`,
      ),
  ]);
  throwRefusals(results, ({ topic, partition }) => `${topic}-${partition}`);
}

function readOffsetsFile(path: string): RecordsToDelete[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot read ${path} (${code}): name an existing JSON file`);
  }
  const wanted = parseOffsets(text);
  if (wanted === undefined) {
    throw new UsageError(
      `${path} is not of the form {"partitions": [{"topic": "orders", "partition": 0, "offset": 100}]}`,
    );
  }
  const names = wanted.map(({ topic, partition }) => `${topic}-${partition}`);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new UsageError(`${path} names ${twice} twice`);
  return wanted;
}

/** Undefined for anything of another shape. */
function parseOffsets(text: string): RecordsToDelete[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const partitions = (value as { readonly partitions?: unknown } | null)?.partitions;
  if (!Array.isArray(partitions)) return undefined;
  const wanted: RecordsToDelete[] = [];
  for (const one of partitions as readonly unknown[]) {
    const { topic, partition, offset } = (one ?? {}) as Readonly<Record<string, unknown>>;
    const isRight =
      typeof topic === "string" && Number.isSafeInteger(partition) && Number.isSafeInteger(offset);
    if (!isRight) return undefined;
    const beforeOffset = offset === HIGH_WATERMARK ? ("end" as const) : (offset as number);
    wanted.push({ topic, partition: partition as number, beforeOffset });
  }
  return wanted;
}
