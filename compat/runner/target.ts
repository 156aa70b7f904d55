/** What a suite runs against: a broker of its own that can be stopped, killed and started again. */

export type TargetName = "ottla" | "kafka";

export interface Target {
  readonly name: TargetName;
  /** `127.0.0.1:PORT`; the same after every restart. */
  readonly bootstrap: string;
  readonly dataDir: string;
  start(): Promise<void>;
  /** Graceful stop; throws when the broker had to be killed or ended with an error. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** The end of what the broker wrote, shown when a suite failed. */
  log(): string;
}

/** The same on both targets. Names are Kafka's, so either broker takes them. */
export const brokerOverrides: Readonly<Record<string, string>> = {
  "num.partitions": "4",
  "offsets.topic.num.partitions": "8",
  "group.initial.rebalance.delay.ms": "0",
  "auto.create.topics.enable": "true",
};
