import type { ApiDefinition, MessageInput } from "@ottla/protocol";
import type { RequestContext } from "./request-context.ts";

/** Returned by a handler whose request must never be answered: a Produce with acks=0. */
export const NO_RESPONSE: unique symbol = Symbol("no response");

/** Returned by a handler when closing the connection is the only signal that Kafka gives. */
export const CLOSE_CONNECTION: unique symbol = Symbol("close connection");

export type HandlerOutcome<Response> =
  | MessageInput<Response>
  | typeof NO_RESPONSE
  | typeof CLOSE_CONNECTION;

/**
 * One API. `handle` runs in connection order up to its first await (stage one: what must keep order,
 * such as handing an append to the engine, happens before it); what follows may finish in any order,
 * because the connection sends responses in request order.
 */
export interface Handler<Request = unknown, Response = unknown> {
  readonly api: ApiDefinition<Request, Response>;
  /** Versions served; ApiVersions is derived from them. */
  readonly minVersion: number;
  readonly maxVersion: number;
  /** What ApiVersions says instead of `minVersion`, where clients need a lower figure (KAFKA-18659). */
  readonly advertisedMinVersion?: number;
  handle(context: RequestContext, request: Request): HandlerOutcome<Response> | Promise<HandlerOutcome<Response>>;
}

/** A handler whose message types are forgotten, as the router keeps it. */
export type AnyHandler = Handler<unknown, unknown>;

/** Infers the request and response types from the API definition. */
export function defineHandler<Request, Response>(
  handler: Handler<Request, Response>,
): Handler<Request, Response> {
  return handler;
}
