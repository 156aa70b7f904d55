import { describe, expect, it } from "vitest";
import { FlushScheduler, type SyncTarget } from "./flush-scheduler.ts";

/** A log whose syncs end when the test says so. */
class ManualTarget implements SyncTarget {
  readonly name: string;
  begun = 0;
  finish: () => void = () => {};
  fail: (error: Error) => void = () => {};

  constructor(name: string) {
    this.name = name;
  }

  now: () => boolean = () => false;

  trySyncNow(): boolean {
    return this.now();
  }

  sync(): Promise<void> {
    this.begun += 1;
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
  }
}

function start(maxParallel: number): {
  scheduler: FlushScheduler<ManualTarget>;
  events: string[];
} {
  const events: string[] = [];
  const scheduler = new FlushScheduler<ManualTarget>({
    maxParallel,
    onSynced: ({ name }) => events.push(`synced ${name}`),
    onFailed: ({ name }, error) => events.push(`failed ${name}: ${String(error)}`),
  });
  return { scheduler, events };
}

/** Lets the promises of a finished sync run their course. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

describe("FlushScheduler", () => {
  it("syncs different targets in parallel up to its bound, in the order they asked", async () => {
    const { scheduler, events } = start(2);
    const targets = [new ManualTarget("a"), new ManualTarget("b"), new ManualTarget("c")];
    for (const target of targets) scheduler.request(target);
    expect(targets.map(({ begun }) => begun)).toEqual([1, 1, 0]);
    targets[1]?.finish();
    await settle();
    expect(targets.map(({ begun }) => begun)).toEqual([1, 1, 1]);
    expect(events).toEqual(["synced b"]);
  });

  it("makes one more sync of all requests that came while one was in flight", async () => {
    const { scheduler, events } = start(4);
    const target = new ManualTarget("a");
    for (let request = 0; request < 10; request += 1) scheduler.request(target);
    expect(target.begun).toBe(1);
    target.finish();
    await settle();
    expect(target.begun).toBe(2);
    target.finish();
    await settle();
    expect(target.begun).toBe(2);
    expect(events).toEqual(["synced a", "synced a"]);
  });

  it("lets others go first when a busy target asks again", async () => {
    const { scheduler } = start(1);
    const [busy, patient] = [new ManualTarget("busy"), new ManualTarget("patient")];
    scheduler.request(busy);
    scheduler.request(patient);
    scheduler.request(busy);
    busy.finish();
    await settle();
    expect([busy.begun, patient.begun]).toEqual([1, 1]);
  });

  it("starts nothing after the first failure and reports no success that comes later", async () => {
    const { scheduler, events } = start(2);
    const targets = [new ManualTarget("a"), new ManualTarget("b"), new ManualTarget("c")];
    for (const target of targets) scheduler.request(target);
    targets[0]?.fail(new Error("EIO"));
    await settle();
    targets[1]?.finish();
    await settle();
    for (const target of targets) scheduler.request(target);
    expect(events).toEqual(["failed a: Error: EIO"]);
    expect(targets.map(({ begun }) => begun)).toEqual([1, 1, 0]);
    await Promise.all(targets.map((target) => scheduler.idle(target)));
  });

  it("syncs a target in the calling thread only while no other syncs or waits", async () => {
    const { scheduler, events } = start(1);
    const [alone, other] = [new ManualTarget("alone"), new ManualTarget("other")];
    expect(scheduler.syncAlone(alone)).toBe(false);
    alone.now = () => true;
    expect(scheduler.syncAlone(alone)).toBe(true);
    scheduler.request(other);
    expect(scheduler.syncAlone(alone)).toBe(false);
    other.finish();
    await settle();
    expect(scheduler.syncAlone(alone)).toBe(true);
    expect(events).toEqual(["synced alone", "synced other", "synced alone"]);
  });

  it("stops at a failure in the calling thread as at any other", () => {
    const { scheduler, events } = start(1);
    const target = new ManualTarget("a");
    target.now = () => {
      throw new Error("EIO");
    };
    expect(scheduler.syncAlone(target)).toBe(true);
    expect(scheduler.syncAlone(target)).toBe(false);
    scheduler.request(target);
    expect(events).toEqual(["failed a: Error: EIO"]);
    expect(target.begun).toBe(0);
  });

  it("tells when a target has no sync queued or in flight any more", async () => {
    const { scheduler } = start(1);
    const target = new ManualTarget("a");
    await scheduler.idle(target);
    scheduler.request(target);
    scheduler.request(target);
    let idle = false;
    const waiting = scheduler.idle(target).then(() => (idle = true));
    target.finish();
    await settle();
    expect(idle).toBe(false);
    target.finish();
    await waiting;
    expect(target.begun).toBe(2);
  });
});
