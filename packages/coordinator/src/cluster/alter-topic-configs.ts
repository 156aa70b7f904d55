import { ErrorCode } from "@ottla/protocol";
import { topicKey, putTopic } from "./metadata-keys.ts";
import { topicNameProblem } from "./topic-name.ts";
import { refuse, type PlanningContext, type TopicError, type TopicPlan } from "./topic-plan.ts";

/** Settings that a topic has of its own; everything else comes from the broker. */
export type TopicConfigs = ReadonlyMap<string, string>;

/**
 * What becomes of a topic's own settings. Called again, with the newest settings, when another broker changed
 * the topic meanwhile; so it must depend on nothing else.
 */
export type TopicConfigAlteration = (
  before: TopicConfigs,
) => TopicError | { readonly ok: true; readonly configs: TopicConfigs };

export type AlterTopicConfigsResult = TopicError | { readonly ok: true };

/**
 * Checks in Kafka's order: the name, then the settings as they would become, and only then whether there is
 * such a topic.
 */
export function planAlterTopicConfigs(
  context: PlanningContext,
  name: string,
  alteration: TopicConfigAlteration,
): TopicPlan<AlterTopicConfigsResult> {
  const nothing = (result: AlterTopicConfigsResult): TopicPlan<AlterTopicConfigsResult> => ({
    results: [result],
    changes: [],
    unchangedKeys: [],
  });
  const nameProblem = topicNameProblem(name);
  if (nameProblem) return nothing(refuse(ErrorCode.INVALID_TOPIC_EXCEPTION, nameProblem));
  const topic = context.image.topicsByName.get(name);
  const before = topic?.configs ?? new Map<string, string>();
  const altered = alteration(before);
  if (!altered.ok) return nothing(altered);
  const problem = context.rules.configProblem(altered.configs);
  if (problem) return nothing(refuse(ErrorCode.INVALID_CONFIG, problem));
  if (!topic) {
    return nothing(
      refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`),
    );
  }
  if (isSame(before, altered.configs)) return nothing({ ok: true });
  const change = putTopic(name, { topicId: topic.topicId, configs: [...altered.configs] });
  return { results: [{ ok: true }], changes: [change], unchangedKeys: [topicKey(name)] };
}

function isSame(left: TopicConfigs, right: TopicConfigs): boolean {
  return left.size === right.size && [...left].every(([name, value]) => right.get(name) === value);
}
