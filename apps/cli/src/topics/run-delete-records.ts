import { Admin, type RecordsToDelete } from "@ottla/client";
import { CommandError, UsageError } from "../failure/exit.ts";
import { throwRefusals } from "../failure/throw-refusals.ts";
import { connectionOptions } from "../options/client-settings.ts";
import type { ConnectionFlags } from "../options/flags.ts";
import { parseInstant } from "../options/instants.ts";
import { formatCount } from "../output/progress.ts";
import { printLines } from "../output/standard-output.ts";

export interface DeleteRecordsFlags extends ConnectionFlags {
  readonly before: string;
  readonly partition?: readonly number[];
}

type Place = number | "end" | { readonly timestampMs: number };

/** Deletes what lies before a place in each partition, and says where the partitions start now. */
export async function deleteRecordsOf(topic: string, flags: DeleteRecordsFlags): Promise<void> {
  const place = parsePlace(flags.before, Date.now());
  await using admin = new Admin(connectionOptions(flags));
  const [described] = await admin.describeTopics([topic]);
  const existing = (described?.partitions ?? []).map(({ partition }) => partition);
  const absent = flags.partition?.find((one) => !existing.includes(one));
  if (absent !== undefined)
    throw new CommandError(`topic ${topic} has no partition ${absent}: it has ${existing.length}`);
  const partitions = existing.filter((one) => flags.partition?.includes(one) ?? true);
  const wanted = await recordsBefore(admin, { topic, partitions, place });
  const results = await admin.deleteRecords(wanted);
  const done = results.filter(({ error }) => error === undefined);
  await printLines(
    done.map(
      ({ partition, lowWatermark }) =>
        `${topic} ${partition} starts at offset ${formatCount(lowWatermark)}`,
    ),
  );
  throwRefusals(results, ({ partition }) => `${topic} ${partition}`);
}

async function recordsBefore(
  admin: Admin,
  options: {
    readonly topic: string;
    readonly partitions: readonly number[];
    readonly place: Place;
  },
): Promise<RecordsToDelete[]> {
  const { topic, partitions, place } = options;
  if (typeof place !== "object")
    return partitions.map((partition) => ({ topic, partition, beforeOffset: place }));
  const spec = { timestamp: place.timestampMs };
  const found = await admin.listOffsets(
    partitions.map((partition) => ({ topic, partition, spec })),
  );
  // No record is as young as that, so all of them are older.
  return found.map(({ partition, offset }) => ({
    topic,
    partition,
    beforeOffset: offset < 0 ? ("end" as const) : offset,
  }));
}

function parsePlace(text: string, nowMs: number): Place {
  if (text === "end") return "end";
  if (/^\d+$/.test(text)) return Number(text);
  const timestampMs = text.startsWith("@") ? parseInstant(text.slice(1), nowMs) : undefined;
  if (timestampMs !== undefined) return { timestampMs };
  throw new UsageError(
    `"${text}" is no place: use an offset, end, or @ and a time (@-1h, @2026-01-31T12:00:00Z)`,
  );
}
