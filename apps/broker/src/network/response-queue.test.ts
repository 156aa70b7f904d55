import { expect, test } from "vitest";
import { ResponseQueue, type Reply } from "./response-queue.ts";

function send(text: string): Reply {
  return { kind: "send", chunks: [Buffer.from(text)], onSent: undefined };
}

test("replies leave in request order, whatever order they are ready in", () => {
  const left: string[] = [];
  const queue = new ResponseQueue((reply) => {
    if (reply.kind === "send") left.push(Buffer.from(reply.chunks[0]!).toString());
  });
  const first = queue.reserve();
  const second = queue.reserve();
  const third = queue.reserve();
  third(send("c"));
  second(send("b"));
  expect(left).toEqual([]);
  first(send("a"));
  expect(left).toEqual(["a", "b", "c"]);
  expect(queue.pending).toBe(0);
});

test("replies that never leave give back what they borrowed", () => {
  let released = 0;
  const queue = new ResponseQueue(() => {});
  queue.reserve();
  queue.reserve()({ kind: "send", chunks: [], onSent: () => released++ });
  queue.abandon();
  expect(released).toBe(1);
});
