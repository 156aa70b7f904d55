import type { Socket } from "node:net";
import {
  Api,
  decodeResponseFrame,
  encodeRequestFrame,
  FrameSplitter,
  readCorrelationId,
  type ApiDefinition,
  type MessageInput,
} from "@ottla/protocol";
import type { ClientTimer } from "../client-runtime.ts";
import {
  checkCode,
  ClosedError,
  ConnectionError,
  describeSocketError,
  TimeoutError,
} from "../errors.ts";
import { formatAddress, type Address, type ConnectionSettings } from "../options.ts";
import { BrokerVersions, decodeApiVersions, FIRST_API_VERSIONS_VERSION } from "./api-versions.ts";

/** What the handshake tells the broker about the software (KIP-511). */
const SOFTWARE = { clientSoftwareName: "ottla", clientSoftwareVersion: "0.1.0" };
const MAX_CORRELATION_ID = 0x7fffffff;

/** Body of a request, or a function which makes it once the version is known. */
export type RequestBody<Req> = MessageInput<Req> | ((version: number) => MessageInput<Req>);

export interface RequestOptions {
  readonly timeoutMs?: number | undefined;
  /** Upper limit for the version, where the caller cannot fill in a newer one. */
  readonly maxVersion?: number | undefined;
}

interface PendingRequest {
  readonly name: string;
  readonly correlationId: number;
  readonly chunks: Uint8Array[];
  settle(frame: Uint8Array): void;
  fail(error: Error): void;
}

/**
 * One connection to one broker. Requests are pipelined up to a limit and answered in order, so the
 * oldest pending request is the one that the next frame answers. A request without an answer in time
 * ends the connection: nothing behind it could be answered either.
 */
export class Connection {
  readonly address: Address;
  readonly #settings: ConnectionSettings;
  readonly #socket: Socket;
  readonly #splitter: FrameSplitter;
  readonly #inFlight: PendingRequest[] = [];
  readonly #waiting: PendingRequest[] = [];
  #nextCorrelationId = 0;
  #versions: BrokerVersions | undefined;
  #failure: Error | undefined;
  #onClose: (() => void) | undefined;

  private constructor(address: Address, settings: ConnectionSettings, socket: Socket) {
    this.address = address;
    this.#settings = settings;
    this.#socket = socket;
    this.#splitter = new FrameSplitter({ maxFrameBytes: settings.maxResponseBytes });
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("error", (error) =>
      this.#fail(
        new ConnectionError(describeSocketError(formatAddress(address), error), { cause: error }),
      ),
    );
    socket.on("close", () =>
      this.#fail(new ConnectionError(`${formatAddress(address)} closed the connection`)),
    );
  }

  /** Connects and learns the broker's versions. */
  static async open(
    address: Address,
    settings: ConnectionSettings,
    signal: AbortSignal,
  ): Promise<Connection> {
    const socket = settings.runtime.connect(address);
    await connected(socket, address, settings, signal);
    const connection = new Connection(address, settings, socket);
    const onAbort = (): void => connection.close();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await connection.#handshake();
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
    return connection;
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Requests which are on their way or wait for their turn. */
  get load(): number {
    return this.#inFlight.length + this.#waiting.length;
  }

  get versions(): BrokerVersions {
    if (this.#versions === undefined)
      throw new Error("the versions of the broker are not known yet");
    return this.#versions;
  }

  onClose(callback: () => void): void {
    this.#onClose = callback;
  }

  async #handshake(): Promise<void> {
    let version: number | undefined = FIRST_API_VERSIONS_VERSION;
    while (version !== undefined) {
      const asked: number = version;
      const frame = await this.#exchange(
        Api.ApiVersions,
        asked,
        SOFTWARE,
        this.#settings.requestTimeoutMs,
      );
      const { body, askAgainWith } = decodeApiVersions(frame, asked);
      if (askAgainWith === undefined) {
        checkCode(body.errorCode);
        this.#versions = new BrokerVersions(body);
      }
      version = askAgainWith;
    }
  }

  /** Sends a request in the newest version that both sides know and resolves with its answer. */
  async request<Req, Res>(
    api: ApiDefinition<Req, Res>,
    body: RequestBody<Req>,
    options: RequestOptions = {},
  ): Promise<Res> {
    const version = this.versions.pick(api, options.maxVersion);
    const value = typeof body === "function" ? body(version) : body;
    const timeoutMs = options.timeoutMs ?? this.#settings.requestTimeoutMs;
    const frame = await this.#exchange(api, version, value, timeoutMs);
    try {
      return decodeResponseFrame(api, version, frame).body;
    } catch (error) {
      this.#fail(
        new ConnectionError(
          `${formatAddress(this.address)} sent a ${api.name} response that cannot be read`,
          {
            cause: error,
          },
        ),
      );
      throw this.#failure;
    }
  }

  /** Sends a request that the broker never answers (produce with acks=0); resolves once it is written. */
  send<Req>(
    api: ApiDefinition<Req, unknown>,
    body: RequestBody<Req>,
    options: RequestOptions = {},
  ): Promise<void> {
    const version = this.versions.pick(api, options.maxVersion);
    const value = typeof body === "function" ? body(version) : body;
    const chunks = this.#encode(api, version, value).chunks;
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#write(chunks, (error) =>
        error
          ? reject(new ConnectionError(describeSocketError(formatAddress(this.address), error)))
          : resolve(),
      );
    });
  }

  close(): void {
    this.#fail(new ClosedError("connection"));
  }

  #encode<Req>(api: ApiDefinition<Req, unknown>, version: number, body: MessageInput<Req>) {
    const correlationId = this.#nextCorrelationId;
    this.#nextCorrelationId = correlationId === MAX_CORRELATION_ID ? 0 : correlationId + 1;
    const { clientId } = this.#settings;
    return {
      correlationId,
      chunks: encodeRequestFrame(api, version, { correlationId, clientId }, body),
    };
  }

  #exchange<Req>(
    api: ApiDefinition<Req, unknown>,
    version: number,
    body: MessageInput<Req>,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    const { correlationId, chunks } = this.#encode(api, version, body);
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const timer = this.#settings.runtime.setTimer(timeoutMs, () =>
        this.#timeOut(api.name, timeoutMs),
      );
      const request: PendingRequest = {
        name: api.name,
        correlationId,
        chunks,
        settle: (frame) => {
          timer.cancel();
          resolve(frame);
        },
        fail: (error) => {
          timer.cancel();
          reject(error);
        },
      };
      this.#waiting.push(request);
      this.#sendWaiting();
    });
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0 && this.#inFlight.length < this.#settings.maxInFlight) {
      const request = this.#waiting.shift() as PendingRequest;
      this.#inFlight.push(request);
      this.#write(request.chunks);
    }
  }

  #write(chunks: readonly Uint8Array[], callback?: (error?: Error | null) => void): void {
    this.#socket.cork();
    for (const [index, chunk] of chunks.entries()) {
      if (index === chunks.length - 1) this.#socket.write(chunk, callback);
      else this.#socket.write(chunk);
    }
    this.#socket.uncork();
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const frame of this.#splitter.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#fail(
        new ConnectionError(`${formatAddress(this.address)} does not speak Kafka's protocol`, {
          cause: error,
        }),
      );
    }
    if (this.#failure === undefined) this.#sendWaiting();
  }

  #take(frame: Uint8Array): void {
    const request = this.#inFlight[0];
    const correlationId = readCorrelationId(frame);
    if (request === undefined || request.correlationId !== correlationId) {
      throw new RangeError(`an answer with correlation id ${correlationId} that was not expected`);
    }
    this.#inFlight.shift();
    request.settle(frame);
  }

  #timeOut(name: string, timeoutMs: number): void {
    const address = formatAddress(this.address);
    this.#fail(new TimeoutError(`no answer to ${name} from ${address} within ${timeoutMs} ms`));
  }

  /** The first reason counts; everything pending fails with it. */
  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#socket.destroy();
    for (const request of this.#inFlight.splice(0)) request.fail(error);
    for (const request of this.#waiting.splice(0)) request.fail(error);
    this.#onClose?.();
  }
}

/** Resolves when the socket is connected; whatever happens first decides. */
function connected(
  socket: Socket,
  address: Address,
  settings: ConnectionSettings,
  signal: AbortSignal,
): Promise<void> {
  const name = formatAddress(address);
  return new Promise((resolve, reject) => {
    const finish = (error?: unknown): void => {
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      socket.off("connect", finish).off("error", onError);
      if (error === undefined) {
        resolve();
        return;
      }
      // A late error of a socket that nobody waits for must not become an uncaught exception.
      socket.on("error", () => {}).destroy();
      reject(error);
    };
    const onError = (error: Error): void =>
      finish(new ConnectionError(describeSocketError(name, error), { cause: error }));
    const onAbort = (): void => finish(signal.reason);
    const timer: ClientTimer = settings.runtime.setTimer(settings.connectTimeoutMs, () =>
      finish(
        new ConnectionError(
          `cannot reach ${name} (no answer within ${settings.connectTimeoutMs} ms)`,
        ),
      ),
    );
    socket.once("connect", () => finish()).once("error", onError);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
