// One member of the consumer group exercise; prints what it was assigned and what it consumed.
import type { AssignorName } from "@ottla/client";
import { client, groupTimings, textOf } from "./connection.ts";

const [topic, groupId, assignors] = process.argv.slice(2) as [string, string, string];
const consumer = client.consumer({
  groupId,
  autoOffsetReset: "earliest",
  assignors: assignors.split(",") as AssignorName[],
  ...groupTimings,
});

function print(event: unknown): void {
  console.log(JSON.stringify(event));
}

function printAssignment(): void {
  print({ assigned: consumer.assignment().map(({ partition }) => partition) });
}

process.once("SIGTERM", () => void client.close());
consumer.subscribe({
  topics: [topic],
  listener: { onAssigned: printAssignment, onRevoked: () => print({ assigned: [] }) },
});
for await (const record of consumer) print({ value: textOf(record) });
