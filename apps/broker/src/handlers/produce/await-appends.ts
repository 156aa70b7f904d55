import { ErrorCode } from "@ottla/protocol";
import type { Clock } from "@ottla/runtime";
import type { AppendOutcome } from "@ottla/storage";

/** The data stays in the log; only the wait for it is given up, as in Kafka. */
const TIMED_OUT: AppendOutcome = {
  ok: false,
  errorCode: ErrorCode.REQUEST_TIMED_OUT,
  message: "the records were not acknowledged within the request's timeout",
};

/** All outcomes in order; those that are not known after `timeoutMs` are REQUEST_TIMED_OUT. */
export async function awaitAppends(
  clock: Clock,
  appends: readonly Promise<AppendOutcome>[],
  timeoutMs: number,
): Promise<readonly AppendOutcome[]> {
  if (!Number.isFinite(timeoutMs)) return Promise.all(appends);
  if (appends.length === 1) return [await awaitOne(clock, appends[0]!, timeoutMs)];
  const outcomes: AppendOutcome[] = appends.map(() => TIMED_OUT);
  await new Promise<void>((resolve) => {
    const timer = clock.setTimer(Math.max(0, timeoutMs), resolve);
    let missing = appends.length;
    const settle = (): void => {
      if (missing > 0) return;
      timer.cancel();
      resolve();
    };
    appends.forEach((append, i) => {
      void append.then((outcome) => {
        outcomes[i] = outcome;
        missing--;
        settle();
      });
    });
    settle();
  });
  // A late outcome must not change an answer that is being encoded.
  return outcomes.slice();
}

/** By far the most common request: one batch for one partition. */
function awaitOne(clock: Clock, append: Promise<AppendOutcome>, timeoutMs: number): Promise<AppendOutcome> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(Math.max(0, timeoutMs), () => resolve(TIMED_OUT));
    void append.then((outcome) => {
      timer.cancel();
      resolve(outcome);
    });
  });
}
