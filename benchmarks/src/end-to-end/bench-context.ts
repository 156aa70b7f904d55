import type { KafkaJars } from "../brokers/kafka-broker.ts";
import type { Librdkafka } from "../clients/librdkafka.ts";
import type { JavaPerf } from "../clients/java-perf.ts";
import type { WireLoad } from "../native/wire-load.ts";
import type { Options } from "../options.ts";
import type { MeasurementLog } from "../results/measurement-log.ts";
import type { TargetName } from "../results/measurement.ts";

/** What every end-to-end part needs. A client or a target that cannot run here is absent. */
export interface BenchContext {
  readonly options: Options;
  readonly log: MeasurementLog;
  /** Scratch space on the disk that is measured; removed at the end. */
  readonly directory: string;
  readonly jars: KafkaJars | undefined;
  readonly java: JavaPerf | undefined;
  readonly librdkafka: Librdkafka | undefined;
  /** Absent where there is no compiler. */
  readonly wireLoad: WireLoad | undefined;
  readonly targets: readonly TargetName[];
  /** Whether something of this round may begin; of the first, 0, everything may. */
  hasTime(round: number): boolean;
}
