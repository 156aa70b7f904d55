/** Starts a Java program in its own process and waits for what it says; used for the broker and for its tools. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

const toolTimeoutMs = 120_000;

/** Flags for programs that live for a second or two: the optimising compiler would only burn the second core. */
export const shortLivedJvmFlags: readonly string[] = [
  "-Xmx256m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-Xshare:auto",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];

export async function runJavaTool(
  classPath: string,
  mainClass: string,
  parameters: readonly string[],
): Promise<string> {
  const { stdout } = await run(
    "java",
    [...shortLivedJvmFlags, "-cp", classPath, mainClass, ...parameters],
    {
      timeout: toolTimeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return stdout;
}
