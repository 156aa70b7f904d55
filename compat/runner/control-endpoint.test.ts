import { expect, test } from "vitest";
import { ControlEndpoint } from "./control-endpoint.ts";
import type { Target } from "./target.ts";

/** A target that is only a log of what was asked of it; the endpoint sees the same interface as with a broker. */
class RecordingTarget implements Target {
  readonly name = "ottla";
  readonly bootstrap = "127.0.0.1:1";
  readonly dataDir = "/data";
  readonly calls: string[] = [];
  refusal: string | undefined;

  async start(): Promise<void> {
    this.calls.push("start");
    if (this.refusal !== undefined) throw new Error(this.refusal);
  }

  async stop(): Promise<void> {
    // Two requests at a time would mix their steps here.
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.calls.push("stop");
  }

  async kill(): Promise<void> {
    this.calls.push("kill");
  }

  log(): string {
    return "";
  }
}

async function opened(): Promise<
  { target: RecordingTarget; control: ControlEndpoint } & AsyncDisposable
> {
  const target = new RecordingTarget();
  const control = await ControlEndpoint.open(target);
  return { target, control, [Symbol.asyncDispose]: () => control.close() };
}

test("restart stops and starts, kill kills and starts, one request after the other", async () => {
  await using at = await opened();
  const paths = ["/restart", "/kill", "/restart"];
  const answers = await Promise.all(
    paths.map((path) => fetch(at.control.url + path, { method: "POST" })),
  );
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
  expect(at.target.calls.filter((call) => call === "start")).toHaveLength(3);
  for (const [index, call] of at.target.calls.entries())
    expect(call === "start").toBe(index % 2 === 1);
});

test("info tells the target, its address, its data and how often it was started", async () => {
  await using at = await opened();
  await fetch(`${at.control.url}/kill`, { method: "POST" });
  const info: unknown = await (await fetch(`${at.control.url}/info`)).json();
  expect(info).toEqual({ target: "ottla", bootstrap: "127.0.0.1:1", dataDir: "/data", starts: 2 });
});

test("a broker that does not come back is a 500 with the reason", async () => {
  await using at = await opened();
  at.target.refusal = "port taken";
  const answer = await fetch(`${at.control.url}/restart`, { method: "POST" });
  expect([answer.status, await answer.text()]).toEqual([500, "port taken\n"]);
});

test("anything else is a 404", async () => {
  await using at = await opened();
  expect((await fetch(`${at.control.url}/restart`)).status).toBe(404);
});
