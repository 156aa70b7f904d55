import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem, type } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a reader needs to judge the figures. The load shows whether somebody else was at work. */
export async function describeMachine(directory: string): Promise<Record<string, string>> {
  const [first] = cpus();
  return {
    processor: `${cpus().length} × ${first?.model ?? "unknown"}`,
    "main memory": `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${type()} ${release()}`,
    "file system": await fileSystemOf(directory),
    "load average when the run began": loadavg()
      .map((load) => load.toFixed(1))
      .join(" "),
  };
}

export async function describeVersions(
  kafkaVersion: string | undefined,
): Promise<Record<string, string>> {
  return {
    Ottla: manifestVersion(),
    Node: process.versions.node,
    ...(kafkaVersion !== undefined && { "Apache Kafka": kafkaVersion, Java: await javaVersion() }),
  };
}

async function fileSystemOf(directory: string): Promise<string> {
  const { stdout } = await run("stat", ["--file-system", "--format=%T", directory]);
  return `${stdout.trim()}${directory.startsWith(tmpdir()) ? ", in the temporary directory" : ""}`;
}

function manifestVersion(): string {
  const text = readFileSync(new URL("../../../apps/cli/package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  return version;
}

async function javaVersion(): Promise<string> {
  // Java writes its version to stderr.
  const { stderr } = await run("java", ["-version"]);
  return (
    stderr.split("\n").find((line) => line.includes("Runtime")) ??
    stderr.split("\n")[0] ??
    "unknown"
  );
}
