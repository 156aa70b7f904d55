import {
  ByteReader,
  DecodeError,
  ErrorCode,
  decodeRequestHeader,
  encodeResponseFrame,
  ApiKey,
  type DecodedRequestHeader,
} from "@ottla/protocol";
import type { BrokerServices } from "../broker-services.ts";
import type { Connection } from "../network/connection.ts";
import type { Reply } from "../network/response-queue.ts";
import { CLOSE_CONNECTION, NO_RESPONSE, type AnyHandler } from "./handler.ts";
import type { RequestContext, RequestFrame } from "./request-context.ts";

/** No principal is known until authentication exists. */
const ANONYMOUS = "User:ANONYMOUS";

const CLOSE: Reply = { kind: "close" };

/**
 * From frame to reply: header, version check, decoding, handler, encoding. It knows no API's logic;
 * what cannot be understood ends the connection, as in Kafka, because no answer could be encoded.
 */
export class Router {
  readonly #handlers: ReadonlyMap<number, AnyHandler>;
  readonly #services: BrokerServices;

  constructor(handlers: readonly AnyHandler[], services: BrokerServices) {
    this.#handlers = new Map(handlers.map((handler) => [handler.api.key, handler]));
    this.#services = services;
  }

  /** Never rejects: a failure of ours is logged and ends the connection. */
  async serve(frame: RequestFrame, connection: Connection): Promise<Reply> {
    try {
      const header = decodeRequestHeader(frame.bytes);
      const handler = this.#handlers.get(header.apiKey);
      if (!handler) return this.#refuse(connection, `API key ${header.apiKey} is not served`);
      if (header.apiVersion < handler.minVersion || header.apiVersion > handler.maxVersion) {
        return this.#wrongVersion(handler, header, connection);
      }
      return await this.#run(handler, header, frame, connection);
    } catch (error) {
      if (error instanceof DecodeError) return this.#refuse(connection, `malformed request: ${error.message}`);
      this.#services.logger.error("request failed", {
        connection: connection.info.id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      return CLOSE;
    }
  }

  async #run(handler: AnyHandler, header: DecodedRequestHeader, frame: RequestFrame, connection: Connection): Promise<Reply> {
    const { apiVersion } = header;
    // Bytes after the body are let pass, as Kafka does: librdkafka sends some with Metadata.
    const body = new ByteReader(frame.bytes.subarray(header.bodyOffset));
    const request = handler.api.request.decode(body, apiVersion);
    const sent: (() => void)[] = [];
    const context: RequestContext = {
      apiKey: header.apiKey,
      apiVersion,
      correlationId: header.correlationId,
      clientId: header.clientId,
      connection: connection.info,
      frame,
      receivedAtMs: this.#services.clock.monotonicMs(),
      principal: ANONYMOUS,
      signal: connection.signal,
      services: this.#services,
      onSent: (callback) => void sent.push(callback),
    };
    const onSent = (): void => {
      for (const callback of sent) callback();
    };
    try {
      const outcome = await handler.handle(context, request);
      const borrowed = sent.length > 0 ? onSent : undefined;
      if (outcome === NO_RESPONSE) return { kind: "silent", onSent: borrowed };
      if (outcome === CLOSE_CONNECTION) {
        onSent();
        return CLOSE;
      }
      const chunks = encodeResponseFrame(handler.api, apiVersion, header.correlationId, outcome);
      return { kind: "send", chunks, onSent: borrowed };
    } catch (error) {
      onSent();
      throw error;
    }
  }

  /** ApiVersions alone can be answered in a version that the client surely reads (KIP-511). */
  #wrongVersion(handler: AnyHandler, header: DecodedRequestHeader, connection: Connection): Reply {
    if (header.apiKey !== ApiKey.ApiVersions) {
      return this.#refuse(connection, `${handler.api.name} version ${header.apiVersion} is not served`);
    }
    const ranges = { apiKey: header.apiKey, minVersion: handler.minVersion, maxVersion: handler.maxVersion };
    const body = { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: [ranges] };
    return { kind: "send", chunks: encodeResponseFrame(handler.api, 0, header.correlationId, body), onSent: undefined };
  }

  #refuse(connection: Connection, reason: string): Reply {
    this.#services.logger.warn(`closing a connection: ${reason}`, {
      connection: connection.info.id,
      remoteHost: connection.info.remoteHost,
    });
    return CLOSE;
  }
}
