/**
 * One Apache Kafka node on loopback: start, stop, kill -9, start again on the same port and data.
 *
 * Formatting costs a JVM start, so it is done once per version into a template directory that each new node copies.
 * Nothing in a formatted directory depends on ports or paths.
 */
import { spawn, type ChildProcess } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "./free-port.ts";
import { runJavaTool } from "./java-process.ts";
import { resolveKafkaJars, type KafkaJars } from "./kafka-jars.ts";
import { renderProperties, serverProperties } from "./server-properties.ts";

const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;
const pollMs = 50;

/** A test node holds little data; small heaps let two of them run beside the clients. */
const brokerJvmFlags: readonly string[] = [
  "-Xms256m",
  "-Xmx768m",
  "-XX:+UseG1GC",
  "-XX:TieredStopAtLevel=1",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
  "-Dorg.slf4j.simpleLogger.showDateTime=true",
];

export interface ApacheKafkaOptions {
  /** Holds the configuration, the log of the process and, in `data`, Kafka's own directories. */
  readonly directory: string;
  readonly port?: number;
  readonly overrides?: Readonly<Record<string, string>>;
}

/** Makes the formatted template if it is missing; call it once before nodes are started in parallel. */
export async function prepareKafka(): Promise<KafkaJars> {
  const jars = await resolveKafkaJars();
  const template = path.join(jars.workFolder, "formatted");
  if (existsSync(path.join(template, "meta.properties"))) return jars;
  const partial = path.join(jars.workFolder, `formatting-${process.pid}`);
  mkdirSync(partial, { recursive: true });
  const properties = path.join(jars.workFolder, "format.properties");
  writeFileSync(
    properties,
    renderProperties(
      serverProperties({ port: 9092, controllerPort: 9093, dataDir: partial, overrides: {} }),
    ),
  );
  const storageTool = "kafka.tools.StorageTool";
  const lines = (await runJavaTool(jars.classPath, storageTool, ["random-uuid"]))
    .trim()
    .split("\n");
  const clusterId = lines.at(-1) ?? "";
  await runJavaTool(jars.classPath, storageTool, ["format", "-t", clusterId, "-c", properties]);
  renameSync(partial, template);
  return jars;
}

export class ApacheKafka {
  readonly port: number;
  readonly dataDir: string;
  readonly #directory: string;
  readonly #classPath: string;
  readonly #propertiesFile: string;
  #process: ChildProcess | undefined;

  private constructor(options: {
    directory: string;
    port: number;
    propertiesFile: string;
    classPath: string;
  }) {
    this.port = options.port;
    this.#directory = options.directory;
    this.dataDir = path.join(options.directory, "data");
    this.#propertiesFile = options.propertiesFile;
    this.#classPath = options.classPath;
  }

  /** Lays out a formatted node; it is not running yet. An existing data directory is used as it is. */
  static async create(options: ApacheKafkaOptions): Promise<ApacheKafka> {
    const jars = await prepareKafka();
    const [first = 0, controllerPort = 0] = await freePorts(2);
    const port = options.port ?? first;
    const dataDir = path.join(options.directory, "data");
    mkdirSync(options.directory, { recursive: true });
    if (!existsSync(dataDir)) {
      cpSync(path.join(jars.workFolder, "formatted"), dataDir, { recursive: true });
    }
    const propertiesFile = path.join(options.directory, "server.properties");
    const overrides = options.overrides ?? {};
    writeFileSync(
      propertiesFile,
      renderProperties(serverProperties({ port, controllerPort, dataDir, overrides })),
    );
    return new ApacheKafka({
      directory: options.directory,
      port,
      propertiesFile,
      classPath: jars.classPath,
    });
  }

  get processId(): number | undefined {
    return this.#process?.pid;
  }

  get logFile(): string {
    return path.join(this.#directory, "kafka.out");
  }

  async start(): Promise<void> {
    if (this.#process !== undefined) throw new Error("this Apache Kafka node is already running");
    const log = openSync(this.logFile, "a");
    const child = spawn(
      "java",
      [...brokerJvmFlags, "-cp", this.#classPath, "kafka.Kafka", this.#propertiesFile],
      { stdio: ["ignore", log, log], cwd: this.#directory },
    );
    closeSync(log);
    this.#process = child;
    const failed = new Promise<never>((_resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        if (this.#process === child) this.#process = undefined;
        reject(new Error(`Apache Kafka ended with ${signal ?? code}: ${this.#lastLogLines()}`));
      });
    });
    // Later exits are ordinary stops; only the start below awaits this promise.
    failed.catch(() => undefined);
    await Promise.race([failed, this.#listening()]);
  }

  /** SIGTERM, then SIGKILL when the node has not gone in time; says which it was. */
  async stop(): Promise<"graceful" | "killed"> {
    const child = this.#process;
    if (child === undefined) return "graceful";
    const gone = exited(child);
    child.kill("SIGTERM");
    const timer = new AbortController();
    const graceful = await Promise.race([
      gone.then(() => true),
      sleep(stopTimeoutMs, false, { signal: timer.signal }).catch(() => false),
    ]);
    timer.abort();
    if (graceful) return "graceful";
    await this.kill();
    return "killed";
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const gone = exited(child);
    child.kill("SIGKILL");
    await gone;
  }

  /** Kafka opens its socket early and accepts on it when it is ready, so a connection means that it serves. */
  async #listening(): Promise<void> {
    const deadline = performance.now() + startTimeoutMs;
    while (performance.now() < deadline) {
      if (this.#process === undefined) return;
      if (await accepts(this.port)) return;
      await sleep(pollMs);
    }
    throw new Error(`Apache Kafka did not listen on ${this.port} in time: ${this.#lastLogLines()}`);
  }

  #lastLogLines(): string {
    return readFileSync(this.logFile, "utf8").trim().split("\n").slice(-5).join(" | ");
  }
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
