/** Installs each suite once per run: with both targets it runs twice at a time, but builds in one folder. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { compatWorkFolder } from "../../tools/apache-kafka/kafka-jars.ts";
import { runCommand } from "./child-processes.ts";
import type { Needs } from "./needs.ts";
import type { Suite } from "./suite.ts";

const installTimeoutMs = 300_000;

export class Installations {
  readonly #byName = new Map<string, Promise<string | undefined>>();
  readonly #needs: Needs;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Undefined when the suite can run, otherwise the command that failed. */
  install(suite: Suite, onLine: (line: string) => void): Promise<string | undefined> {
    let installed = this.#byName.get(suite.name);
    if (installed === undefined) {
      installed = this.#run(suite, onLine);
      this.#byName.set(suite.name, installed);
    }
    return installed;
  }

  /** What both kinds of command of a suite find in their environment; its needs have been met before. */
  environment(suite: Suite): Record<string, string> {
    const work = path.join(compatWorkFolder(), "suites", suite.name);
    mkdirSync(work, { recursive: true });
    const nodeFolder = path.dirname(process.execPath);
    const { classPathFile } = this.#needs;
    return {
      OTTLA_COMPAT_WORK: work,
      PATH: `${nodeFolder}${path.delimiter}${process.env["PATH"] ?? ""}`,
      ...(classPathFile === undefined ? {} : { OTTLA_COMPAT_KAFKA_CLASSPATH_FILE: classPathFile }),
    };
  }

  async #run(suite: Suite, onLine: (line: string) => void): Promise<string | undefined> {
    for (const command of suite.install) {
      const end = await runCommand(command, {
        cwd: suite.directory,
        environment: this.environment(suite),
        timeoutMs: installTimeoutMs,
        onLine,
      });
      if (end.exitCode !== 0 || end.timedOut) return `failed: ${command.join(" ")}`;
    }
    return undefined;
  }
}
