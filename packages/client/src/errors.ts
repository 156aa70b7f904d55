import { ErrorCode, errorInfo } from "@ottla/protocol";

/** An error code that a broker answered with. `name` is Kafka's name of it. */
export class KafkaError extends Error {
  override readonly name: string;
  readonly code: number;
  /** Whether the same request may succeed later. */
  readonly retriable: boolean;

  constructor(code: number, detail?: string | null, options?: ErrorOptions) {
    const info = errorInfo(code);
    super(detail ? detail : info.message, options);
    this.name = info.name;
    this.code = code;
    this.retriable = info.retriable;
  }
}

/** A broker cannot be reached, or the connection to it broke. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** False when the client has given up on ever finding the cluster. */
  readonly retriable: boolean;

  constructor(message: string, options: ErrorOptions & { readonly retriable?: boolean } = {}) {
    super(message, options);
    this.retriable = options.retriable ?? true;
  }
}

/** No answer, or no success, within the time that was allowed. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly retriable: boolean;

  constructor(message: string, options: ErrorOptions & { readonly retriable?: boolean } = {}) {
    super(message, options);
    this.retriable = options.retriable ?? true;
  }
}

/** The broker has no version of an API that this client can speak. */
export class UnsupportedVersionError extends Error {
  override readonly name = "UnsupportedVersionError";
  readonly retriable = false;
}

/** The client was closed before or while it was asked to do this. */
export class ClosedError extends Error {
  override readonly name = "ClosedError";
  readonly retriable = false;

  constructor(what: string) {
    super(`the ${what} is closed`);
  }
}

export function isRetriable(error: unknown): boolean {
  return error instanceof Error && "retriable" in error && error.retriable === true;
}

export function hasCode(error: unknown, ...codes: number[]): error is KafkaError {
  return error instanceof KafkaError && codes.includes(error.code);
}

/** Throws unless the code is NONE. */
export function checkCode(code: number, detail?: string | null): void {
  if (code !== ErrorCode.NONE) throw new KafkaError(code, detail);
}

/** The words for a failed system call that people understand, with what they can do about it. */
export function describeSocketError(address: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ECONNREFUSED":
      return `cannot reach ${address} (connection refused): is a broker running there?`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `cannot reach ${address} (the host name is unknown): is it spelled correctly?`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `cannot reach ${address} (no route, or no answer): is a firewall between?`;
    case "ECONNRESET":
    case "EPIPE":
      return `the connection to ${address} was reset`;
    default:
      return `cannot reach ${address} (${error instanceof Error ? error.message : String(error)})`;
  }
}
