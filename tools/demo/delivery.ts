import type { FlightRecord } from "./flights.ts";

/** One record as a consumer printed it. */
export interface Delivery extends FlightRecord {
  readonly partition: number;
  readonly offset: number;
}

/** `Partition:2<tab>Offset:17<tab>key<tab>value`. */
export function parseDelivery(line: string): Delivery {
  const match = /^Partition:(\d+)\tOffset:(\d+)\t([^\t]*)\t(.*)$/.exec(line);
  if (match === null) throw new Error(`the consumer printed something else than a record: ${line}`);
  return {
    partition: Number(match[1]),
    offset: Number(match[2]),
    key: match[3] ?? "",
    value: match[4] ?? "",
  };
}

/** A broken promise; undefined when all were kept. */
export function findFault(
  sent: readonly FlightRecord[],
  received: readonly Delivery[],
): string | undefined {
  if (received.length !== sent.length)
    return `${sent.length} records were sent, ${received.length} arrived`;
  const places = new Set(received.map(({ partition, offset }) => `${partition}/${offset}`));
  if (places.size !== received.length)
    return `${received.length - places.size} records arrived twice`;
  const sentByKey = Map.groupBy(sent, ({ key }) => key);
  const receivedByKey = Map.groupBy(received, ({ key }) => key);
  for (const [key, records] of sentByKey) {
    const arrived = receivedByKey.get(key) ?? [];
    if (arrived.length !== records.length)
      return `${records.length} records of ${key} were sent, ${arrived.length} arrived`;
    const partitions = new Set(arrived.map(({ partition }) => partition));
    if (partitions.size !== 1) return `the records of ${key} lie in ${partitions.size} partitions`;
    const wrong = records.findIndex(({ value }, index) => arrived[index]?.value !== value);
    if (wrong >= 0) return `record ${wrong} of ${key} is out of order or changed`;
  }
  return undefined;
}
