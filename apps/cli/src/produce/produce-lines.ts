import { Producer, type ProducerMessage, type ProducerOptions } from "@ottla/client";
import { fstatSync } from "node:fs";
import { isatty } from "node:tty";
import { CommandError, UsageError } from "../failure/exit.ts";
import { explainError } from "../failure/explain-error.ts";
import { Interrupt } from "../failure/interrupt.ts";
import { formatCount, Progress } from "../output/progress.ts";
import { LineError } from "./line-format.ts";
import { LineSplitter } from "./line-splitter.ts";
import { SendWindow } from "./send-window.ts";
import { writeQuietly } from "../output/closed-pipe.ts";

export interface ProduceLinesOptions {
  readonly topic: string;
  readonly producer: ProducerOptions;
  /** Throws LineError for a line that is no record. */
  readonly parse: (line: Buffer) => ProducerMessage;
  /** Wait for each record before the next is sent. */
  readonly isOneByOne?: boolean;
  /** Shown before each line that a person types. */
  readonly prompt: string;
}

const STDIN = 0;
const STDERR = 2;

/** Kafka's own limit of a request, and so of a record, unless max.request.size says otherwise. */
const DEFAULT_MAX_REQUEST_BYTES = 1024 * 1024;
/** Bytes of a record beside key and value, at most, without headers. */
const RECORD_OVERHEAD_BYTES = 100;

/** Sends every line of standard input as a record, and returns when all are stored. */
export async function produceLines(options: ProduceLinesOptions): Promise<void> {
  const producer = openProducer(options.producer);
  try {
    // Nothing is read before it is sure that the topic can be written.
    await producer.partitionsFor(options.topic);
    await new LineProducer(producer, options).run();
  } finally {
    await producer.close();
  }
}

function openProducer(options: ProducerOptions): Producer {
  try {
    return new Producer(options);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

class LineProducer {
  readonly #options: ProduceLinesOptions;
  readonly #window: SendWindow;
  readonly #splitter: LineSplitter;
  readonly #maxLineBytes: number;
  readonly #progress = new Progress({ isWanted: !isatty(STDIN), total: inputSizeBytes() });
  readonly #startMs = performance.now();
  #lineNumber = 0;
  #readBytes = 0;

  constructor(producer: Producer, options: ProduceLinesOptions) {
    this.#options = options;
    this.#window = new SendWindow(producer, options.topic);
    this.#maxLineBytes =
      (options.producer.maxRequestSize ?? DEFAULT_MAX_REQUEST_BYTES) - RECORD_OVERHEAD_BYTES;
    this.#splitter = new LineSplitter(this.#maxLineBytes);
  }

  async run(): Promise<void> {
    using interrupt = new Interrupt();
    interrupt.signal.addEventListener("abort", () => process.stdin.destroy());
    try {
      await this.#readAll(interrupt);
    } catch (error) {
      await this.#window.drain().catch(() => {});
      throw this.#withContext(error);
    } finally {
      this.#progress.stop();
    }
    this.#report();
  }

  async #readAll(interrupt: Interrupt): Promise<void> {
    this.#prompt();
    for await (const chunk of chunksOf(process.stdin)) {
      this.#readBytes += chunk.length;
      await this.#send(this.#splitter.push(chunk));
      if (this.#splitter.isLineTooLong) throw this.#tooLong(this.#lineNumber + 1);
      this.#progress.update(this.#readBytes, {
        records: this.#window.storedRecords,
        bytes: this.#readBytes,
      });
      this.#prompt();
    }
    // After Ctrl-C the last line may be half a line, so it is left out.
    if (!interrupt.isRequested) await this.#send(this.#splitter.end());
    await this.#window.drain();
  }

  async #send(lines: readonly Buffer[]): Promise<void> {
    const messages: ProducerMessage[] = [];
    const firstLine = this.#lineNumber + 1;
    let failure: unknown;
    for (const line of lines) {
      this.#lineNumber += 1;
      try {
        if (line.length > this.#maxLineBytes) throw this.#tooLong(this.#lineNumber);
        messages.push(this.#options.parse(line));
      } catch (error) {
        failure = error;
        break;
      }
      if (this.#options.isOneByOne)
        await this.#window.sendNow(messages.splice(0), this.#lineNumber);
    }
    // What came before a bad line is good and is sent.
    await this.#window.send(messages, firstLine);
    if (failure !== undefined) throw failure;
    if (isatty(STDIN)) await this.#window.drain();
  }

  #tooLong(lineNumber: number): CommandError {
    return new CommandError(
      `line ${lineNumber} has more than ${formatCount(this.#maxLineBytes)} bytes: raise the producer's max.request.size (and max.message.bytes of the topic)`,
    );
  }

  #withContext(error: unknown): unknown {
    const stored = this.#window.storedRecords;
    const soFar = `; ${stored === 1 ? "1 record was" : `${formatCount(stored)} records were`} stored`;
    if (error instanceof LineError)
      return new CommandError(`line ${this.#lineNumber}: ${error.message}${soFar}`);
    const explained = explainError(error);
    return explained === undefined ? error : new CommandError(`${explained}${soFar}`);
  }

  #prompt(): void {
    if (isatty(STDIN) && isatty(STDERR)) writeQuietly(process.stderr, this.#options.prompt);
  }

  #report(): void {
    if (!isatty(STDERR)) return;
    const stored = this.#window.storedRecords;
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1);
    const lead = isatty(STDIN) ? "\n" : "";
    writeQuietly(
      process.stderr,
      `${lead}${formatCount(stored)} ${stored === 1 ? "record" : "records"} to ${this.#options.topic} in ${seconds} s\n`,
    );
  }
}

async function* chunksOf(input: NodeJS.ReadStream): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of input) yield chunk as Buffer;
  } catch (error) {
    // This is how the stream says that it was destroyed, which an interrupt does.
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

function inputSizeBytes(): number | undefined {
  const status = fstatSync(STDIN);
  return status.isFile() ? status.size : undefined;
}
