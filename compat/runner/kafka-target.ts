/** Apache Kafka as a target. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { ApacheKafka } from "../../tools/apache-kafka/apache-kafka.ts";
import { brokerOverrides, type Target } from "./target.ts";

export class KafkaTarget implements Target {
  readonly name = "kafka";
  readonly bootstrap: string;
  readonly dataDir: string;
  readonly #kafka: ApacheKafka;

  private constructor(kafka: ApacheKafka) {
    this.#kafka = kafka;
    this.bootstrap = `127.0.0.1:${kafka.port}`;
    this.dataDir = kafka.dataDir;
  }

  static async create(directory: string): Promise<KafkaTarget> {
    return new KafkaTarget(
      await ApacheKafka.create({
        directory: path.join(directory, "kafka"),
        overrides: brokerOverrides,
      }),
    );
  }

  start(): Promise<void> {
    return this.#kafka.start();
  }

  async stop(): Promise<void> {
    if ((await this.#kafka.stop()) === "killed") {
      throw new Error("Apache Kafka did not stop on SIGTERM in time");
    }
  }

  kill(): Promise<void> {
    return this.#kafka.kill();
  }

  log(): string {
    return existsSync(this.#kafka.logFile) ? readFileSync(this.#kafka.logFile, "utf8") : "";
  }
}
