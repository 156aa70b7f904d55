import { ErrorCode } from "@ottla/protocol";
import type { TopicImage } from "./metadata-image.ts";
import { partitionKey, topicKey } from "./metadata-keys.ts";
import type { MetadataChange } from "./metadata-store.ts";
import { refuse, type PlanningContext, type TopicError, type TopicPlan } from "./topic-plan.ts";

/** Exactly one of the two is given. */
export interface TopicReference {
  readonly name: string | null;
  readonly topicId: string | null;
}

export type DeleteTopicResult = TopicReference & (TopicError | { readonly ok: true });

export function planDeleteTopics(
  context: PlanningContext,
  references: readonly TopicReference[],
): TopicPlan<DeleteTopicResult> {
  const results: DeleteTopicResult[] = [];
  const changes: MetadataChange[] = [];
  const unchangedKeys: string[] = [];
  const named = new Map<string, number>();
  for (const one of references) named.set(nameOf(one), (named.get(nameOf(one)) ?? 0) + 1);
  const reported = new Set<string>();
  for (const reference of references) {
    if (reported.has(nameOf(reference))) continue;
    reported.add(nameOf(reference));
    const topic = find(context, reference, (named.get(nameOf(reference)) ?? 0) > 1);
    if ("errorCode" in topic) {
      results.push({ ...reference, ...topic });
      continue;
    }
    // A topic given by name and again by id is deleted once.
    const first = !unchangedKeys.includes(topicKey(topic.name));
    results.push({ name: topic.name, topicId: topic.topicId, ok: true });
    if (!first) continue;
    unchangedKeys.push(topicKey(topic.name));
    changes.push({ key: topicKey(topic.name), value: undefined });
    for (const { partition } of topic.partitions) {
      changes.push({ key: partitionKey(topic.topicId, partition), value: undefined });
    }
  }
  return { results, changes, unchangedKeys };
}

function nameOf({ name, topicId }: TopicReference): string {
  return name === null ? `id:${topicId}` : `name:${name}`;
}

function find(
  { image, rules }: PlanningContext,
  { name, topicId }: TopicReference,
  duplicate: boolean,
): TopicImage | TopicError {
  if (!rules.topicDeletionEnabled) {
    return refuse(
      ErrorCode.TOPIC_DELETION_DISABLED,
      "topic deletion is switched off (delete.topic.enable=false)",
    );
  }
  if (name !== null && topicId !== null) {
    return refuse(ErrorCode.INVALID_REQUEST, "give the name of a topic or its id, not both");
  }
  if (duplicate) {
    return refuse(ErrorCode.INVALID_REQUEST, "the request names this topic more than once");
  }
  if (name !== null) {
    return (
      image.topicsByName.get(name) ??
      refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "no topic has this name")
    );
  }
  if (topicId === null) {
    return refuse(ErrorCode.INVALID_REQUEST, "give the name of a topic or its id");
  }
  return (
    image.topicsById.get(topicId) ?? refuse(ErrorCode.UNKNOWN_TOPIC_ID, "no topic has this id")
  );
}
