import { ErrorCode } from "@ottla/protocol";
import { afterEach, expect, test } from "vitest";
import { startOttla, type Ottla } from "../start-ottla.ts";
import { batchOf, createTopic, produceTo } from "../test/requests.ts";
import { WireClient } from "../test/wire-client.ts";

let ottla: Ottla | undefined;

afterEach(() => ottla?.close());

/** Batch after batch of one idempotent producer; the second one leaves a gap. */
async function codeAfterAGap(settings: Readonly<Record<string, string>>): Promise<number> {
  ottla = await startOttla({ settings });
  await using client = await WireClient.connect(ottla.port);
  await createTopic(client, "t");
  const producer = { producerId: 5n, producerEpoch: 0 };
  await produceTo(client, { topic: "t" }, batchOf(["a"], { ...producer, baseSequence: 0 }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await ottla.broker.services.engine.runRetention();
  const after = batchOf(["b"], { ...producer, baseSequence: 9 });
  return (await produceTo(client, { topic: "t" }, after)).errorCode;
}

test("producer.id.expiration.ms: a producer that was silent for longer starts anew with any sequence", async () => {
  expect(await codeAfterAGap({ "producer.id.expiration.ms": "5" })).toBe(ErrorCode.NONE);
});

test("a producer that is known must not leave a gap", async () => {
  expect(await codeAfterAGap({})).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
});
