import { Consumer, type ConsumerOptions, type ConsumerRecord } from "@ottla/client";
import { UsageError } from "../failure/exit.ts";
import { Interrupt } from "../failure/interrupt.ts";
import { Progress } from "../output/progress.ts";
import { isOutputTerminal, OutputClosedError, writeOutput } from "../output/standard-output.ts";
import { EndOffsets } from "./end-offsets.ts";
import type { RecordFormatter } from "./kafka-formatter.ts";
import { PartitionReader } from "./partition-reader.ts";
import type { StartOffset } from "./start-offset.ts";

/** Either share the topics with a group, or read named partitions (all when left out) from a place. */
export type RecordOrigin =
  | { readonly kind: "group"; readonly topics: readonly string[] }
  | {
      readonly kind: "partitions";
      readonly topics: readonly string[];
      readonly partitions?: readonly number[];
      readonly start: StartOffset;
    };

export interface ConsumeOptions {
  readonly consumer: ConsumerOptions;
  readonly origin: RecordOrigin;
  readonly format: RecordFormatter;
  readonly maxRecords?: number | undefined;
  /** Stop when everything that was there at the beginning has been read. */
  readonly exitAtEnd: boolean;
  /** Stop when no record came for so long. */
  readonly idleTimeoutMs?: number | undefined;
}

const RECORDS_PER_POLL = 2_000;
/** How often it is looked whether there is a reason to stop, and whether topics have grown. */
const POLL_MS = 1_000;
const POLL_UNTIL_END_MS = 50;

/** Prints records until there is a reason to stop; returns how many. What was not printed is not committed. */
export async function consumeRecords(options: ConsumeOptions): Promise<number> {
  const consumer = openConsumer(options.consumer);
  try {
    const reader = await begin(consumer, options.origin);
    const ends = options.exitAtEnd ? new EndOffsets(consumer) : undefined;
    return await new RecordPrinter(consumer, options, reader, ends).run();
  } finally {
    await consumer.close();
  }
}

function openConsumer(options: ConsumerOptions): Consumer {
  try {
    return new Consumer(options);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

async function begin(
  consumer: Consumer,
  origin: RecordOrigin,
): Promise<PartitionReader | undefined> {
  if (origin.kind === "group") {
    consumer.subscribe({ topics: origin.topics });
    return undefined;
  }
  const reader = new PartitionReader(consumer, origin);
  await reader.begin();
  return reader;
}

class RecordPrinter {
  readonly #consumer: Consumer;
  readonly #options: ConsumeOptions;
  readonly #reader: PartitionReader | undefined;
  readonly #ends: EndOffsets | undefined;
  #printed = 0;
  #printedBytes = 0;

  constructor(
    consumer: Consumer,
    options: ConsumeOptions,
    reader: PartitionReader | undefined,
    ends: EndOffsets | undefined,
  ) {
    this.#consumer = consumer;
    this.#options = options;
    this.#reader = reader;
    this.#ends = ends;
  }

  async run(): Promise<number> {
    using interrupt = new Interrupt();
    const total = await this.#ends?.count();
    const progress = new Progress({ isWanted: !isOutputTerminal(), total });
    try {
      await this.#printAll(interrupt.signal, progress);
    } catch (error) {
      if (!interrupt.isRequested) throw error;
    } finally {
      progress.stop();
    }
    return this.#printed;
  }

  async #printAll(signal: AbortSignal, progress: Progress): Promise<void> {
    const { maxRecords = Number.POSITIVE_INFINITY, idleTimeoutMs = Number.POSITIVE_INFINITY } =
      this.#options;
    let lastRecordMs = performance.now();
    while (this.#printed < maxRecords && !signal.aborted) {
      const idleMs = performance.now() - lastRecordMs;
      if (idleMs >= idleTimeoutMs || (await this.#ends?.areReached()) === true) return;
      const records = await this.#consumer.poll({
        timeoutMs: Math.min(
          this.#ends === undefined ? POLL_MS : POLL_UNTIL_END_MS,
          idleTimeoutMs - idleMs,
        ),
        maxRecords: Math.min(maxRecords - this.#printed, RECORDS_PER_POLL),
        signal,
      });
      if (records.length > 0) {
        await this.#print(records);
        lastRecordMs = performance.now();
      }
      progress.update(this.#printed, { records: this.#printed, bytes: this.#printedBytes });
      await this.#reader?.takeNewPartitions();
    }
  }

  async #print(records: readonly ConsumerRecord[]): Promise<void> {
    const bytes = Buffer.concat(records.map((record) => this.#options.format(record)));
    try {
      await writeOutput(bytes);
    } catch (error) {
      if (error instanceof OutputClosedError) this.#giveBack(records);
      throw error;
    }
    this.#printed += records.length;
    this.#printedBytes += bytes.length;
  }

  /** Nobody has seen these records, so closing must not commit them. */
  #giveBack(records: readonly ConsumerRecord[]): void {
    for (const { topic, partition } of this.#consumer.assignment()) {
      const first = records.find(
        (record) => record.topic === topic && record.partition === partition,
      );
      if (first !== undefined) this.#consumer.seek({ topic, partition, offset: first.offset });
    }
  }
}
