import type { BrokerServices } from "../broker-services.ts";

/** What is known of the peer of a connection. */
export interface ConnectionInfo {
  readonly id: string;
  readonly listenerName: string;
  /** The address that the client really connected to: what Metadata answers unless configured. */
  readonly localHost: string;
  readonly localPort: number;
  readonly remoteHost: string;
  readonly remotePort: number;
  /** From ApiVersions v3+; empty before. */
  clientSoftwareName: string;
  clientSoftwareVersion: string;
}

/** Ends a request's part in slab memory; see `RequestContext.frame`. */
export interface RequestFrame {
  readonly bytes: Uint8Array;
  /** The records of a Produce request lie in shared memory; undefined for frames that do not. */
  readonly slab: import("@ottla/storage").SlabSlice | undefined;
}

export interface RequestContext {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly connection: ConnectionInfo;
  readonly frame: RequestFrame;
  readonly receivedAtMs: number;
  /** `User:ANONYMOUS` until authentication exists. */
  readonly principal: string;
  /** Aborted when the connection closes, so that a waiting request can stop waiting. */
  readonly signal: AbortSignal;
  readonly services: BrokerServices;
  /** Called once the response has left the process (or the connection died): releases borrowed bytes. */
  onSent(callback: () => void): void;
}
