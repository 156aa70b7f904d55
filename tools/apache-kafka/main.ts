/**
 * Apache Kafka from the command line, for comparisons by hand:
 *
 *   node --conditions=@ottla/source tools/apache-kafka/main.ts server [--port N] [--data-dir D] [--override k=v]...
 *   node --conditions=@ottla/source tools/apache-kafka/main.ts tool CLASS [argument]...
 *   node --conditions=@ottla/source tools/apache-kafka/main.ts class-path
 *
 * `server` runs in the foreground, prints `kafka ready kafka=HOST:PORT data=DIR`, and stops on SIGINT or SIGTERM.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ApacheKafka } from "./apache-kafka.ts";
import { shortLivedJvmFlags } from "./java-process.ts";
import { resolveKafkaJars } from "./kafka-jars.ts";

async function server(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      port: { type: "string" },
      "data-dir": { type: "string" },
      override: { type: "string", multiple: true, default: [] },
    },
  });
  const overrides: Record<string, string> = {};
  for (const override of values.override) {
    const at = override.indexOf("=");
    if (at < 1) throw new Error(`--override ${override}: expected name=value`);
    overrides[override.slice(0, at)] = override.slice(at + 1);
  }
  const given = values["data-dir"];
  const directory = given ?? mkdtempSync(path.join(tmpdir(), "apache-kafka-"));
  const kafka = await ApacheKafka.create({
    directory,
    overrides,
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
  });
  const asked = new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  await kafka.start();
  process.stdout.write(`kafka ready kafka=127.0.0.1:${kafka.port} data=${kafka.dataDir}\n`);
  await asked;
  await kafka.stop();
  if (given === undefined) rmSync(directory, { recursive: true, force: true });
}

async function tool(parameters: readonly string[]): Promise<void> {
  const jars = await resolveKafkaJars();
  const result = spawnSync("java", [...shortLivedJvmFlags, "-cp", jars.classPath, ...parameters], {
    stdio: "inherit",
  });
  process.exitCode = result.status ?? 1;
}

async function main(): Promise<void> {
  const [command, ...parameters] = process.argv.slice(2);
  if (command === "server") return server(parameters);
  if (command === "tool") return tool(parameters);
  if (command === "class-path") {
    process.stdout.write(`${(await resolveKafkaJars()).classPath}\n`);
    return;
  }
  process.stderr.write(
    "usage: server [--port N] [--data-dir D] [--override k=v]... | tool CLASS ... | class-path\n",
  );
  process.exitCode = 2;
}

await main();
