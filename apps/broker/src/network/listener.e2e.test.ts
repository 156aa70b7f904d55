import { Api } from "@ottla/protocol";
import { SimulatedClock } from "@ottla/testkit";
import { expect, test, vi } from "vitest";
import { startOttla } from "../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo } from "../test/requests.ts";
import { WireClient } from "../test/wire-client.ts";

test("a connection without traffic is closed after connections.max.idle.ms, a used one is not", async () => {
  const clock = new SimulatedClock();
  await using ottla = await startOttla({ clock, settings: { "connections.max.idle.ms": 60_000 } });
  await using idle = await WireClient.connect(ottla.port);
  await using used = await WireClient.connect(ottla.port);
  await idle.send(Api.ApiVersions, 0, {});
  clock.advance(50_000);
  await used.send(Api.ApiVersions, 0, {});
  clock.advance(15_000);
  await idle.whenClosed();
  expect((await used.send(Api.ApiVersions, 0, {})).errorCode).toBe(0);
});

test("a stop answers who waits, lets appends under way finish, and then closes", async () => {
  const ottla = await startOttla();
  await using reader = await WireClient.connect(ottla.port);
  await using writer = await WireClient.connect(ottla.port);
  await createTopic(writer, "t");
  const waiting = fetchFrom(reader, "t", 0, { maxWaitMs: 600_000, minBytes: 1_000_000 });
  const appends = Promise.all([1, 2, 3].map((i) => produceTo(writer, { topic: "t" }, batchOf([String(i)]))));
  const { delayedFetches, partitions } = ottla.broker.services;
  await vi.waitUntil(() => delayedFetches.size === 1 && partitions.get("t", 0)!.log.logEndOffset > 0);
  await ottla.close();
  expect((await waiting).errorCode).toBe(0);
  expect((await appends).map(({ errorCode }) => errorCode)).toEqual([0, 0, 0]);
  await reader.whenClosed();
  await writer.whenClosed();
});

test("connections above max.connections.per.ip are refused, and a place that becomes free can be taken", async () => {
  await using ottla = await startOttla({ settings: { "max.connections.per.ip": 2 } });
  const first = await WireClient.connect(ottla.port);
  await using second = await WireClient.connect(ottla.port);
  await second.send(Api.ApiVersions, 0, {});
  await using third = await WireClient.connect(ottla.port);
  await third.whenClosed();
  await first[Symbol.asyncDispose]();
  await second.send(Api.ApiVersions, 0, {});
  await using fourth = await WireClient.connect(ottla.port);
  expect((await fourth.send(Api.ApiVersions, 0, {})).errorCode).toBe(0);
});
