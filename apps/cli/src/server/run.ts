import { readFileSync } from "node:fs";
import { styleText } from "node:util";

export interface ServerFlags {
  readonly override?: readonly string[];
  readonly dataDir?: string;
  readonly port?: string;
  readonly logLevel: string;
  /** Print the lines to paste into clients. */
  readonly welcome: boolean;
}

/** Storage syncs and reads share libuv's pool; below this figure reads would queue behind syncs. */
const THREAD_POOL_SIZE = "16";

/** A wrong option, file or setting: the command was not understood. */
const EXIT_USAGE = 2;
const EXIT_FAILURE = 1;

/** Runs the broker until a signal stops it. */
export async function runServerCommand(
  file: string | undefined,
  flags: ServerFlags,
): Promise<void> {
  // The pool is made at the first asynchronous file call, which has not happened yet.
  process.env["UV_THREADPOOL_SIZE"] ??= THREAD_POOL_SIZE;
  process.env["UV_USE_IO_URING"] ??= "0";
  const startedAt = performance.now() - process.uptime() * 1000;
  const { createServerLogger, runServer, StartError } = await import("@ottla/broker");
  const logger = await createServerLogger({
    level: flags.logLevel as "info",
    isTerminal: process.stderr.isTTY === true,
  });
  try {
    const server = await runServer({
      sources: { ...fileSource(file), environment: process.env, overrides: overridesOf(flags) },
      logger,
      onFatal: (reason) => {
        logger.error(reason);
        process.exit(EXIT_FAILURE);
      },
    });
    const host = server.host.includes(":") ? `[${server.host}]` : server.host;
    const inMs = Math.round(performance.now() - startedAt);
    process.stdout.write(
      `ottla ready kafka=${host}:${server.port} data=${server.logDirectories.join(",")} node=${server.nodeId} in=${inMs}\n`,
    );
    if (flags.welcome) process.stdout.write(welcome(`${host}:${server.port}`));
    stopOnSignal(() => server.close());
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`ottla: ${error.message}\n`);
    process.exit(EXIT_FAILURE);
  }
}

function fileSource(path: string | undefined) {
  if (path === undefined) return {};
  try {
    return { file: { path, text: readFileSync(path, "utf8") } };
  } catch (error) {
    process.stderr.write(
      `ottla: cannot read ${path} (${(error as NodeJS.ErrnoException).code}): name an existing server.properties file\n`,
    );
    return process.exit(EXIT_USAGE);
  }
}

function overridesOf({ override = [], dataDir, port }: ServerFlags): string[] {
  return [
    ...(port === undefined ? [] : [`listeners=PLAINTEXT://127.0.0.1:${port}`]),
    ...(dataDir === undefined ? [] : [`log.dirs=${dataDir}`]),
    ...override,
  ];
}

function stopOnSignal(close: () => Promise<void>): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(EXIT_FAILURE);
    stopping = true;
    void close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`ottla: the broker did not stop cleanly: ${String(error)}\n`);
        process.exit(EXIT_FAILURE);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

function welcome(address: string): string {
  const name = (text: string): string => styleText("bold", text.padEnd(8));
  return [
    "",
    `  ${name("kcat")} kcat -b ${address} -L`,
    `  ${name("Java")} bootstrap.servers=${address}`,
    `  ${name("Python")} Producer({"bootstrap.servers": "${address}"})`,
    `  ${name("Node")} new Kafka({ brokers: ["${address}"] })`,
    "",
    `  ottla produce hello          write a record per line`,
    `  ottla consume hello -o beginning`,
    "",
    "  Ctrl-C stops the broker.",
    "",
    "",
  ].join("\n");
}
