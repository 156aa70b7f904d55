/** What a suite needs from the machine: finds it, installs it as root on Debian, or says in one line what is lacking. */
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { prepareKafka } from "../../tools/apache-kafka/apache-kafka.ts";
import type { Need, Suite } from "./suite.ts";

const run = promisify(execFile);

const aptTimeoutMs = 300_000;

/** The Debian package that brings each program. Node comes with the workspace. */
const debianPackages: Readonly<Partial<Record<Need, readonly string[]>>> = {
  java: ["default-jre-headless"],
  javac: ["default-jdk-headless"],
  mvn: ["maven"],
  python3: ["python3", "python3-venv"],
  go: ["golang-go"],
  gcc: ["gcc", "libc6-dev"],
  kcat: ["kcat"],
};

function onPath(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Meets each need once, however many suites share it; apt-get must not run twice at a time either. */
export class Needs {
  readonly #answers = new Map<Need, Promise<string | undefined>>();
  #apt: Promise<unknown> = Promise.resolve();
  classPathFile: string | undefined;

  /** Undefined when everything is there, otherwise one line that says what is lacking. */
  async lacking(suite: Suite): Promise<string | undefined> {
    for (const need of suite.needs) {
      const reason = await this.meet(need);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  meet(need: Need): Promise<string | undefined> {
    let answer = this.#answers.get(need);
    if (answer === undefined) {
      answer = need === "kafka-jars" ? this.#kafkaJars() : this.#program(need);
      this.#answers.set(need, answer);
    }
    return answer;
  }

  async #kafkaJars(): Promise<string | undefined> {
    for (const need of ["java", "mvn"] as const) {
      const reason = await this.meet(need);
      if (reason !== undefined) return reason;
    }
    try {
      this.classPathFile = (await prepareKafka()).classPathFile;
      return undefined;
    } catch (error) {
      return `lacks Apache Kafka's jars: ${firstLine(error)}`;
    }
  }

  async #program(need: Need): Promise<string | undefined> {
    if (onPath(need)) return undefined;
    const packages = debianPackages[need];
    if (packages === undefined) return `lacks ${need} on the path`;
    const hint = `lacks ${need}: apt-get install ${packages.join(" ")}`;
    if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return hint;
    const installed = this.#apt.then(() => installPackages(packages));
    this.#apt = installed.catch(() => undefined);
    try {
      await installed;
    } catch (error) {
      return `${hint} failed: ${firstLine(error)}`;
    }
    return onPath(need) ? undefined : hint;
  }
}

async function installPackages(packages: readonly string[]): Promise<void> {
  const options = {
    timeout: aptTimeoutMs,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  const install = ["install", "-y", "-qq", "--no-install-recommends", ...packages];
  try {
    await run("apt-get", install, options);
  } catch {
    // The package lists may be missing or old: fetch them, then try once more.
    await run("apt-get", ["update", "-qq"], options);
    await run("apt-get", install, options);
  }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .trim()
    .replaceAll(/\s*\n\s*/g, " | ")
    .slice(0, 300);
}
