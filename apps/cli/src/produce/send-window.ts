import { KafkaError, type Producer, type ProducerMessage } from "@ottla/client";
import { CommandError } from "../failure/exit.ts";
import { explainError } from "../failure/explain-error.ts";

/** Bytes that may be on their way; reading pauses above, so memory stays bounded however long the input is. */
const WINDOW_BYTES = 8 * 1024 * 1024;

/** What a record costs in memory beside its bytes: objects for it here and in the producer. */
const RECORD_COST_BYTES = 400;

/** Sends groups of records without waiting for each, within a limit, and remembers the first failure. */
export class SendWindow {
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #open = new Set<Promise<void>>();
  #openBytes = 0;
  #failure: { readonly error: unknown } | undefined;
  /** Records that the broker has confirmed. */
  storedRecords = 0;

  constructor(producer: Producer, topic: string) {
    this.#producer = producer;
    this.#topic = topic;
  }

  /** Resolves when there is room for more. */
  async send(messages: readonly ProducerMessage[], firstLine: number): Promise<void> {
    this.#throwFailure();
    if (messages.length === 0) return;
    this.#begin(messages, firstLine);
    while (this.#openBytes > WINDOW_BYTES) {
      await Promise.race(this.#open);
      this.#throwFailure();
    }
  }

  /** Resolves when these records are stored. */
  async sendNow(messages: readonly ProducerMessage[], line: number): Promise<void> {
    await this.send(messages, line);
    await this.drain();
  }

  /** Waits for everything that was sent. */
  async drain(): Promise<void> {
    if (this.#open.size > 0) await this.#producer.flush();
    await Promise.all(this.#open);
    this.#throwFailure();
  }

  #begin(messages: readonly ProducerMessage[], firstLine: number): void {
    const sizeBytes = messages.reduce(
      (sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0) + RECORD_COST_BYTES,
      0,
    );
    this.#openBytes += sizeBytes;
    const sending = this.#producer
      .send({ topic: this.#topic, messages })
      .then(
        () => {
          this.storedRecords += messages.length;
        },
        (error: unknown) => {
          this.#failure ??= { error: refusal(error, firstLine, messages.length) };
        },
      )
      .then(() => {
        this.#openBytes -= sizeBytes;
        this.#open.delete(sending);
      });
    this.#open.add(sending);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function refusal(error: unknown, firstLine: number, count: number): unknown {
  if (!(error instanceof KafkaError)) return error;
  const where =
    count === 1
      ? `line ${firstLine} was`
      : `a record of lines ${firstLine} to ${firstLine + count - 1} was`;
  return new CommandError(`${where} refused: ${explainError(error)}`);
}
