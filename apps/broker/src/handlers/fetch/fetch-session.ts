import type { FetchRequest } from "@ottla/protocol";

type FetchTopic = FetchRequest["topics"][number];
type ForgottenTopic = FetchRequest["forgottenTopicsData"][number];

/** One partition that a client wants, and what it was last told about it (KIP-227). */
export interface FetchTarget {
  /** Undefined while the topic id is unknown here. */
  readonly topic: string | undefined;
  readonly topicId: string;
  readonly partition: number;
  fetchOffset: number;
  maxBytes: number;
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
  /** Of the last answer that was sent; -1 before the first. */
  sentHighWatermark: number;
  sentLogStartOffset: number;
  /** The last answer was an error, so the next one must be sent even when nothing changed. */
  sentError: boolean;
}

/** Resolves a topic id to its name as of now. */
export type TopicNames = (topicId: string) => string | undefined;

/**
 * The partitions of one fetch, in the order in which they are filled. A session keeps it between
 * requests, which then carry only what changed.
 */
export class FetchSession {
  readonly id: number;
  readonly usesTopicIds: boolean;
  /** The epoch that the next incremental request must carry. */
  epoch = 1;
  lastUsedMs = 0;
  readonly #targets = new Map<string, FetchTarget>();

  constructor(id: number, usesTopicIds: boolean) {
    this.id = id;
    this.usesTopicIds = usesTopicIds;
  }

  get size(): number {
    return this.#targets.size;
  }

  targets(): FetchTarget[] {
    return [...this.#targets.values()];
  }

  update(topics: readonly FetchTopic[], names: TopicNames): void {
    for (const topic of topics) {
      const name = this.usesTopicIds ? names(topic.topicId) : topic.topic;
      for (const asked of topic.partitions) {
        const key = targetKey(this.usesTopicIds ? topic.topicId : topic.topic, asked.partition);
        const known = this.#targets.get(key);
        const wanted = {
          fetchOffset: Number(asked.fetchOffset),
          maxBytes: asked.partitionMaxBytes,
          currentLeaderEpoch: asked.currentLeaderEpoch,
          lastFetchedEpoch: asked.lastFetchedEpoch,
        };
        if (known) Object.assign(known, wanted);
        else {
          this.#targets.set(key, {
            topic: name,
            topicId: topic.topicId,
            partition: asked.partition,
            ...wanted,
            sentHighWatermark: -1,
            sentLogStartOffset: -1,
            sentError: false,
          });
        }
      }
    }
  }

  forget(topics: readonly ForgottenTopic[]): void {
    for (const topic of topics) {
      for (const partition of topic.partitions) {
        this.#targets.delete(targetKey(this.usesTopicIds ? topic.topicId : topic.topic, partition));
      }
    }
  }

  /** Moves what was just served to the end, so that a busy partition does not starve the others. */
  moveToEnd(target: FetchTarget): void {
    const key = targetKey(
      this.usesTopicIds ? target.topicId : (target.topic ?? ""),
      target.partition,
    );
    if (this.#targets.delete(key)) this.#targets.set(key, target);
  }

  advanceEpoch(): void {
    this.epoch = nextSessionEpoch(this.epoch);
  }
}

/** Epochs wrap to 1, because 0 opens a session and -1 closes it. */
function nextSessionEpoch(epoch: number): number {
  return epoch === 0x7fffffff ? 1 : epoch + 1;
}

function targetKey(topic: string, partition: number): string {
  return `${partition}:${topic}`;
}
