import type { MeasuredBroker, PreparedBroker } from "../brokers/broker.ts";
import { prepareTarget } from "../brokers/prepare-target.ts";
import { untilServed, withWireClient } from "../clients/wire-client.ts";
import type { TargetName } from "../results/measurement.ts";
import type { BenchContext } from "./bench-context.ts";
import { topicName } from "./names.ts";

const START_TIMEOUT_MS = 60_000;

/** A broker that stays for a whole part, and is started again when it died: one cell fails, not all that follow. */
export class RunningBroker implements AsyncDisposable {
  readonly #prepared: PreparedBroker;
  #broker: MeasuredBroker | undefined;

  private constructor(prepared: PreparedBroker) {
    this.#prepared = prepared;
  }

  /** `part` distinguishes directories; `settings` are given to whatever broker it is. */
  static async prepare(
    context: BenchContext,
    target: TargetName,
    part: string,
    settings?: Readonly<Record<string, string>>,
  ): Promise<RunningBroker> {
    return new RunningBroker(await prepareTarget(context, target, part, settings));
  }

  get name(): TargetName {
    return this.#prepared.name;
  }

  /** Running and serving. */
  async broker(): Promise<MeasuredBroker> {
    if (this.#broker?.isRunning) return this.#broker;
    const broker = this.#prepared.spawn();
    this.#broker = broker;
    const topic = topicName();
    const serve = (): Promise<void> =>
      withWireClient(broker.port, async (client) => {
        await client.createTopic(topic, 1);
        await client.deleteTopic(topic);
      });
    await untilServed(START_TIMEOUT_MS, serve, () => broker.isRunning);
    return broker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#broker?.isRunning) await this.#broker.stop();
  }
}
