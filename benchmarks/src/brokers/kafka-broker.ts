import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { PreparedBroker } from "./broker.ts";
import { spawnBroker } from "./broker-process.ts";
import { freePorts } from "./free-ports.ts";

const run = promisify(execFile);

const LAUNCHER = fileURLToPath(new URL("../../../tools/apache-kafka/main.ts", import.meta.url));

/**
 * The flags of Kafka's own start script. Its tests here run with a smaller heap and without the optimising
 * compiler, which would be no fair opponent.
 */
export const KAFKA_JVM_FLAGS: readonly string[] = [
  "-Xmx1G",
  "-Xms1G",
  "-server",
  "-XX:+UseG1GC",
  "-XX:MaxGCPauseMillis=20",
  "-XX:InitiatingHeapOccupancyPercent=35",
  "-XX:+ExplicitGCInvokesConcurrent",
  "-Djava.awt.headless=true",
];

const QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn";

export interface KafkaJars {
  readonly classPath: string;
  readonly version: string;
}

/** Resolved by the launcher, which keeps the class path between runs. */
export async function kafkaJars(): Promise<KafkaJars> {
  const { stdout } = await run(process.execPath, [
    "--conditions=@ottla/source",
    LAUNCHER,
    "class-path",
  ]);
  const classPath = stdout.trim();
  const version = /kafka-clients-([\d.]+)\.jar/.exec(classPath)?.[1];
  if (version === undefined) throw new Error("the class path of Apache Kafka has no kafka-clients");
  return { classPath, version };
}

export interface KafkaOptions {
  readonly name: "kafka" | "kafka-fsync";
  readonly directory: string;
  readonly jars: KafkaJars;
  readonly overrides: Readonly<Record<string, string>>;
}

/** Writes the configuration and formats the directory; both happen once in the life of a broker. */
export async function prepareKafka({
  name,
  directory,
  jars,
  overrides,
}: KafkaOptions): Promise<PreparedBroker> {
  mkdirSync(directory, { recursive: true });
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const properties = path.join(directory, "server.properties");
  const settings = {
    ...singleNode(port, controllerPort, path.join(directory, "data")),
    ...overrides,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(properties, lines.join(""));
  const java = ["-cp", jars.classPath, QUIET];
  const format = [
    "kafka.tools.StorageTool",
    "format",
    "-t",
    "Mk4qTeR4RvG0OCHsWLjw2g",
    "-c",
    properties,
  ];
  await run("java", [...java, ...format]);
  return {
    name,
    port,
    spawn: () =>
      spawnBroker({
        name,
        port,
        command: ["java", ...KAFKA_JVM_FLAGS, ...java, "kafka.Kafka", properties],
        directory,
        logFile: path.join(directory, "kafka.log"),
      }),
  };
}

/** Broker and controller in one process; all that is not needed for a single node is Kafka's default. */
function singleNode(port: number, controllerPort: number, dataDir: string): Record<string, string> {
  return {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "log.dirs": dataDir,
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
  };
}
