import { connect, type Socket } from "node:net";
import {
  FrameSplitter,
  decodeResponseFrame,
  encodeRequestFrame,
  readCorrelationId,
  type ApiDefinition,
  type MessageInput,
} from "@ottla/protocol";

const MAX_FRAME_BYTES = 200 * 1024 * 1024;

interface Waiting {
  readonly decode: (frame: Uint8Array) => void;
  readonly fail: (error: Error) => void;
}

/** Speaks the protocol one request at a time or many, as a test wants it; knows nothing of retries. */
export class WireClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  /** Correlation ids in the order in which answers arrived. */
  readonly answered: number[] = [];
  #correlationId = 0;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const splitter = new FrameSplitter({ maxFrameBytes: MAX_FRAME_BYTES });
    socket.on("data", (chunk: Buffer) => {
      for (const frame of splitter.push(chunk)) {
        const id = readCorrelationId(frame);
        this.answered.push(id);
        this.#waiting.get(id)?.decode(frame);
        this.#waiting.delete(id);
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
      for (const { fail } of this.#waiting.values()) fail(new Error("the broker closed the connection"));
      this.#waiting.clear();
    });
  }

  static async connect(port: number): Promise<WireClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new WireClient(socket);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Rejects when the broker closes the connection instead of answering. */
  send<Request, Response>(
    api: ApiDefinition<Request, Response>,
    version: number,
    body: MessageInput<Request>,
    clientId: string | null = "test",
  ): Promise<Response> {
    const correlationId = ++this.#correlationId;
    const answer = new Promise<Response>((resolve, reject) => {
      if (this.#closed) return reject(new Error("the broker closed the connection"));
      this.#waiting.set(correlationId, {
        decode: (frame) => resolve(decodeResponseFrame(api, version, frame).body),
        fail: reject,
      });
    });
    this.sendRaw(Buffer.concat(encodeRequestFrame(api, version, { correlationId, clientId }, body)));
    return answer;
  }

  /** For requests that are never answered. */
  sendSilently<Request, Response>(api: ApiDefinition<Request, Response>, version: number, body: MessageInput<Request>): void {
    this.sendRaw(Buffer.concat(encodeRequestFrame(api, version, { correlationId: ++this.#correlationId, clientId: "test" }, body)));
  }

  sendRaw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  /** Resolves when the broker has closed the connection. */
  whenClosed(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once("close", () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.whenClosed();
  }
}
