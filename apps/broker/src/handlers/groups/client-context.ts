import type { ClientContext } from "@ottla/coordinator";
import type { RequestContext } from "../../request/request-context.ts";

/** A member as tools show it; Kafka writes a slash before the address. */
export function clientContext(context: RequestContext): ClientContext {
  return { clientId: context.clientId, clientHost: `/${context.connection.remoteHost}` };
}
