import { createRequire } from "node:module";
import * as platformatic from "@platformatic/kafka";

/*
 * The codecs of other clients, called without a connection. Both have a module for each
 * API and version; @platformatic/kafka exports its own.
 */

const require = createRequire(import.meta.url);

interface KafkajsRequest {
  encode(): Promise<{ readonly buffer: Buffer }>;
}

export function kafkajsRequest(
  api: string,
  version: number,
  body: object,
): () => Promise<Uint8Array> {
  const create = require(`kafkajs/src/protocol/requests/${api}/v${version}/request`) as (
    body: object,
  ) => KafkajsRequest;
  return async () => (await create(body).encode()).buffer;
}

export function kafkajsResponse(api: string, version: number): (bytes: Buffer) => Promise<unknown> {
  const response = require(`kafkajs/src/protocol/requests/${api}/v${version}/response`) as {
    decode(bytes: Buffer): Promise<unknown>;
  };
  return (bytes) => response.decode(bytes);
}

/** One API in one version, as @platformatic/kafka exports it. */
interface PlatformaticApi {
  createRequest(...args: unknown[]): { readonly buffers: Uint8Array[] };
  parseResponse(
    correlationId: number,
    apiKey: number,
    version: number,
    reader: platformatic.Reader,
  ): unknown;
}

function platformaticApi(name: string): PlatformaticApi {
  const api = (platformatic as unknown as Record<string, PlatformaticApi | undefined>)[name];
  if (api === undefined) throw new Error(`@platformatic/kafka has no ${name}`);
  return api;
}

export function platformaticRequest(name: string, ...args: readonly unknown[]): () => Uint8Array[] {
  const api = platformaticApi(name);
  return () => api.createRequest(...args).buffers;
}

export function platformaticResponse(name: string): (bytes: Buffer) => unknown {
  const api = platformaticApi(name);
  return (bytes) => api.parseResponse(0, 0, 0, platformatic.Reader.from(bytes));
}
