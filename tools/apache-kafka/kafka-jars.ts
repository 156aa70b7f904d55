/**
 * Resolves Apache Kafka's server and tools from Maven Central into the ordinary local repository, and keeps the
 * class path in a file of the work folder, so that Maven runs once per version and machine.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const kafkaVersion = "4.3.1";

/** kafka-tools 4.3 pulls slf4j-api 1.7 without a back end; without one every warning of the broker is lost. */
const slf4jVersion = "1.7.36";

const mavenTimeoutMs = 300_000;

/** Where everything that may be kept between runs lies. */
export function compatWorkFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"];
  return path.join(
    cache !== undefined && cache !== "" ? cache : path.join(homedir(), ".cache"),
    "ottla-compat",
  );
}

export interface KafkaJars {
  readonly workFolder: string;
  readonly classPathFile: string;
  readonly classPath: string;
}

function dependency(groupId: string, artifactId: string, version: string): string {
  return `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`;
}

function pom(): string {
  return [
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>`,
    `<groupId>ottla.compat</groupId><artifactId>apache-kafka-class-path</artifactId>`,
    `<version>${kafkaVersion}</version><packaging>pom</packaging><dependencies>`,
    dependency("org.apache.kafka", "kafka_2.13", kafkaVersion),
    dependency("org.apache.kafka", "kafka-tools", kafkaVersion),
    dependency("org.slf4j", "slf4j-simple", slf4jVersion),
    `</dependencies></project>`,
    "",
  ].join("\n");
}

/** True when the kept class path is there and each jar in it still exists (a local repository may be cleaned). */
function isComplete(classPathFile: string): boolean {
  if (!existsSync(classPathFile)) return false;
  const jars = readFileSync(classPathFile, "utf8").trim().split(path.delimiter);
  return jars.length > 1 && jars.every((jar) => existsSync(jar));
}

export async function resolveKafkaJars(): Promise<KafkaJars> {
  const workFolder = path.join(compatWorkFolder(), `apache-kafka-${kafkaVersion}`);
  const classPathFile = path.join(workFolder, "class-path.txt");
  if (!isComplete(classPathFile)) {
    mkdirSync(workFolder, { recursive: true });
    writeFileSync(path.join(workFolder, "pom.xml"), pom());
    // Maven writes beside the final name: an interrupted run must not leave half a class path behind.
    const partial = `${classPathFile}.${process.pid}`;
    await run(
      "mvn",
      [
        "-q",
        "-B",
        "dependency:build-classpath",
        `-Dmdep.outputFile=${partial}`,
        "-DincludeScope=runtime",
      ],
      { cwd: workFolder, timeout: mavenTimeoutMs },
    );
    renameSync(partial, classPathFile);
  }
  return { workFolder, classPathFile, classPath: readFileSync(classPathFile, "utf8").trim() };
}
