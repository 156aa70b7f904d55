import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runCommand } from "./child-processes.ts";

async function run(script: string, timeoutMs = 10_000): ReturnType<typeof record> {
  return record(["sh", "-c", script], timeoutMs);
}

async function record(
  command: readonly string[],
  timeoutMs: number,
): Promise<{ end: unknown; lines: string[] }> {
  const lines: string[] = [];
  const onLine = (line: string, stream: string): void => {
    lines.push(`${stream}: ${line}`);
  };
  const end = await runCommand(command, {
    cwd: ".",
    environment: { WORD: "hello" },
    timeoutMs,
    onLine,
  });
  return { end, lines };
}

/** A killed process whose parent has gone may stay as a zombie for ever where process 1 reaps nothing: it is dead. */
function isAlive(processId: number): boolean {
  const stat = `/proc/${processId}/stat`;
  return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, "utf8"));
}

test("lines of both streams and the exit code are reported, with the given environment", async () => {
  const { end, lines } = await run('echo "$WORD"; echo bad >&2; exit 4');
  expect(end).toEqual({ exitCode: 4, timedOut: false });
  expect(lines.sort()).toEqual(["stderr: bad", "stdout: hello"]);
});

test("a command that runs out of time is killed together with what it started", async () => {
  const { end, lines } = await run("sleep 60 & echo $!; wait", 300);
  expect(end).toMatchObject({ timedOut: true });
  expect(isAlive(Number(lines[0]?.replace("stdout: ", "")))).toBe(false);
});

test("a process that runs is seen as alive, so that the checks below and above mean something", () => {
  expect(isAlive(process.pid)).toBe(true);
});

test("what a command leaves running ends with it, even when it holds the output open", async () => {
  const { end, lines } = await run("sleep 60 & echo $!");
  expect(end).toEqual({ exitCode: 0, timedOut: false });
  expect(isAlive(Number(lines[0]?.replace("stdout: ", "")))).toBe(false);
});

test("a program that does not exist is an error that names it", async () => {
  await expect(record(["no-such-program"], 1000)).rejects.toThrow("cannot start no-such-program");
});
