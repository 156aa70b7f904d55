// What the workers saw: acknowledgements, records, and what the members of the group did, as lines and as values.

/** A record as it stands in the log. */
export interface StoredRecord {
  readonly partition: number;
  readonly offset: number;
  readonly producer: string;
  readonly sequence: number;
}

/** One producer's own numbering: sequences start at 0 in each partition and have no holes. */
export interface ProducerHistory {
  readonly producer: string;
  readonly acknowledged: readonly StoredRecord[];
  /** Records handed to the client, by partition. */
  readonly sent: ReadonlyMap<number, number>;
}

export type GroupEvent =
  | {
      readonly atNs: bigint;
      readonly member: string;
      readonly kind: "assigned";
      readonly partition: number;
    }
  | {
      readonly atNs: bigint;
      readonly member: string;
      readonly kind: "read" | "committed";
      readonly partition: number;
      readonly offset: number;
    };

export interface History {
  readonly producers: readonly ProducerHistory[];
  /** The whole topic, read again after the last kill, in the order in which it was received. */
  readonly log: readonly StoredRecord[];
  /** What the plain reader received while brokers died. */
  readonly reader: readonly StoredRecord[];
  readonly group: readonly GroupEvent[];
}

export function parseProducer(producer: string, lines: readonly string[]): ProducerHistory {
  const acknowledged: StoredRecord[] = [];
  const sent = new Map<number, number>();
  for (const line of lines) {
    const [kind, ...numbers] = line.split(" ");
    const [partition, second, offset] = numbers.map(Number) as [number, number, number];
    if (kind === "acked") acknowledged.push({ partition, sequence: second, offset, producer });
    else if (kind === "sent") sent.set(partition, second);
    else throw new Error(`producer ${producer}: ${line}`);
  }
  return { producer, acknowledged, sent };
}

export function parseReader(lines: readonly string[]): StoredRecord[] {
  return lines.flatMap((line) => {
    const [kind, partition, offset, producer, sequence] = line.split(" ") as [
      string,
      string,
      string,
      string,
      string,
    ];
    if (kind === "end") return [];
    if (kind !== "record") throw new Error(`reader: ${line}`);
    return [
      {
        partition: Number(partition),
        offset: Number(offset),
        producer,
        sequence: Number(sequence),
      },
    ];
  });
}

export function parseMember(member: string, lines: readonly string[]): GroupEvent[] {
  return lines.map((line) => {
    const [time, kind, partition, offset] = line.split(" ") as [string, string, string, string];
    const common = { atNs: BigInt(time), member, partition: Number(partition) };
    if (kind === "assigned") return { ...common, kind };
    if (kind !== "read" && kind !== "committed") throw new Error(`member ${member}: ${line}`);
    return { ...common, kind, offset: Number(offset) };
  });
}
