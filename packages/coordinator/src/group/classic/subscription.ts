import { ByteReader, DecodeError, consumerProtocolSubscription } from "@ottla/protocol";
import type { ClassicMember } from "./classic-member.ts";

/** The protocol type of Kafka's consumers; only theirs are looked into. */
export const CONSUMER_PROTOCOL_TYPE = "consumer";

/** Every later version begins with the fields of this one. */
const COMMON_PREFIX_VERSION = 0;

/**
 * The topics that a group's members subscribe to, or null when that cannot be known: other protocol
 * types, and consumers whose metadata is not in Kafka's format. Needed to tell which committed
 * offsets are still in use; assignments stay opaque.
 */
export function subscribedTopicsOf(
  protocolType: string | null,
  protocolName: string | null,
  members: Iterable<ClassicMember>,
): ReadonlySet<string> | null {
  if (protocolType !== CONSUMER_PROTOCOL_TYPE) return null;
  const topics = new Set<string>();
  for (const member of members) {
    const metadata = protocolName === null ? undefined : member.protocols.get(protocolName);
    if (!metadata) return null;
    const subscribed = parseTopics(metadata);
    if (subscribed === null) return null;
    for (const topic of subscribed) topics.add(topic);
  }
  return topics;
}

function parseTopics(metadata: Uint8Array): readonly string[] | null {
  try {
    const reader = new ByteReader(metadata);
    if (reader.readInt16() < 0) return null;
    return consumerProtocolSubscription.decode(reader, COMMON_PREFIX_VERSION).topics;
  } catch (error) {
    // Members may put anything here; it only means that the topics are unknown.
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
