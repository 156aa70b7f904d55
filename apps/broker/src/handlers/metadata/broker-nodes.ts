import type { BrokerImage } from "@ottla/coordinator";
import type { RequestContext } from "../../request/request-context.ts";

/** A broker as clients of one listener see it. */
export interface BrokerNode {
  readonly brokerId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  readonly isFenced: boolean;
}

/**
 * The brokers that can be reached through the listener of this connection. This broker gives the
 * address that the client has used itself, unless one is advertised.
 */
export function brokerNodes(
  context: RequestContext,
  { includeFenced }: { includeFenced: boolean },
): BrokerNode[] {
  const nodes: BrokerNode[] = [];
  for (const broker of context.services.controller.image.brokers.values()) {
    if (broker.fenced && !includeFenced) continue;
    const address = addressOf(context, broker);
    if (!address) continue;
    const { brokerId, rack, fenced } = broker;
    nodes.push({ brokerId, host: address.host, port: address.port, rack, isFenced: fenced });
  }
  return nodes;
}

function addressOf(
  { connection, services }: RequestContext,
  broker: BrokerImage,
): { readonly host: string; readonly port: number } | undefined {
  if (broker.brokerId === services.config.nodeId) return services.addresses.addressFor(connection);
  return broker.endpoints.find(({ listenerName }) => listenerName === connection.listenerName);
}
