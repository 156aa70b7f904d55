/** Kafka's codes for the kinds of resources that carry settings. */
export const ResourceType = {
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
} as const;

/**
 * Why a broker resource is none of this broker's business, or undefined. The empty name stands for defaults of
 * the whole cluster.
 */
export function brokerNameProblem(resourceName: string, nodeId: number): string | undefined {
  if (resourceName === "") return undefined;
  if (!/^[+-]?\d+$/.test(resourceName)) return "Node id must be an integer";
  return Number(resourceName) === nodeId
    ? undefined
    : `Unexpected broker id, expected ${nodeId}, but received ${Number(resourceName)}`;
}
