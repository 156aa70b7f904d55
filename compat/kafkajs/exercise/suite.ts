// What the suites written for Node share: numbered checks in TAP-like lines, polling instead of sleeping,
// and the control channel by which a suite restarts or kills the broker it talks to.
import { randomBytes } from "node:crypto";

/** No check takes longer than this on a healthy broker; a hang becomes a failure instead of a silent runner. */
const CHECK_DEADLINE_MS = 180_000;
const POLL_INTERVAL_MS = 25;

function requiredEnvironment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`${name} is not set; start this suite through npm run test:compat`);
  }
  return value;
}

export const bootstrap = requiredEnvironment("OTTLA_COMPAT_BOOTSTRAP");
const control = requiredEnvironment("OTTLA_COMPAT_CONTROL");
const runId = randomBytes(4).toString("hex");
let failures = 0;

/** A name that no other suite and no earlier run on the same broker has used. */
export function uniqueName(suite: string, purpose: string): string {
  return `compat-${suite}-${purpose}-${runId}`;
}

export function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

export async function until(
  what: string,
  probe: () => boolean | Promise<boolean>,
  { deadlineMs = 60_000, state }: { deadlineMs?: number; state?: () => unknown } = {},
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await probe())) {
    if (performance.now() > end) {
      const detail = state === undefined ? "" : `: ${JSON.stringify(state())}`;
      throw new Error(`${what} did not happen within ${deadlineMs} ms${detail}`);
    }
    await sleep(POLL_INTERVAL_MS);
  }
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replaceAll(/\s+/g, " ").slice(0, 600);
}

/** Runs one check and prints its line. Later checks run whatever the outcome, so one failure hides no other. */
export async function check(text: string, run: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no outcome within ${CHECK_DEADLINE_MS} ms`)),
      CHECK_DEADLINE_MS,
    );
  });
  try {
    await Promise.race([run(), deadline]);
    console.log(`ok - ${text}`);
  } catch (error) {
    failures += 1;
    console.log(`not ok - ${text} # ${oneLine(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends the process: clients that failed half-way may hold sockets or timers that would keep it alive. */
export function finish(): never {
  process.exit(failures === 0 ? 0 : 1);
}

async function controlBroker(action: "restart" | "kill"): Promise<void> {
  const response = await fetch(`${control}/${action}`, { method: "POST" });
  const body = await response.text();
  if (response.status !== 200) {
    throw new Error(`control answered ${response.status} to ${action}: ${body}`);
  }
}

/** A graceful stop and a start on the same port and data; resolves when the broker serves again. */
export const restartBroker = () => controlBroker("restart");

/** kill -9 and a start; resolves when the broker serves again. */
export const killBroker = () => controlBroker("kill");
