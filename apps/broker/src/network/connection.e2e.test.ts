import { Api, ErrorCode, encodeRequestFrame } from "@ottla/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOttla, type Ottla } from "../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo, valuesOf } from "../test/requests.ts";
import { WireClient } from "../test/wire-client.ts";

let ottla: Ottla;

beforeAll(async () => {
  ottla = await startOttla();
});

afterAll(() => ottla.close());

function frame(...int16s: number[]): Buffer {
  const body = Buffer.alloc(int16s.length * 2 + 6);
  int16s.forEach((value, i) => body.writeInt16BE(value, i * 2));
  body.writeInt16BE(-1, body.length - 2);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

describe("a connection", () => {
  test("answers requests in the order in which they were sent, however long each takes", async () => {
    await using client = await WireClient.connect(ottla.port);
    await createTopic(client, "order");
    const before = client.answered.length;
    const waiting = fetchFrom(client, "order", 0, { maxWaitMs: 100 });
    const behind = client.send(Api.ApiVersions, 0, {});
    await Promise.all([waiting, behind]);
    const order = client.answered.slice(before);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test("keeps the order of overlapping Produce requests", async () => {
    await using client = await WireClient.connect(ottla.port);
    await createTopic(client, "overlap");
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    const answers = await Promise.all(numbers.map((i) => produceTo(client, { topic: "overlap" }, batchOf([String(i)]))));
    expect(answers.map(({ baseOffset }) => Number(baseOffset))).toEqual(numbers);
    expect(valuesOf(await fetchFrom(client, "overlap", 0))).toEqual(numbers.map((i) => `${i}:${i}`));
  });

  test("reads frames that arrive byte by byte", async () => {
    await using client = await WireClient.connect(ottla.port);
    const answer = client.send(Api.ApiVersions, 0, {});
    await answer;
    const bytes = Buffer.concat(encodeRequestFrame(Api.ApiVersions, 3, { correlationId: 900, clientId: "slow" }, { clientSoftwareName: "a", clientSoftwareVersion: "1" }));
    for (const byte of bytes) {
      client.sendRaw(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.send(Api.ApiVersions, 0, {});
    expect(client.answered).toContain(900);
  });

  test.each([
    ["an announced length above the limit", Buffer.of(0x7f, 0xff, 0xff, 0xff)],
    ["a negative length", Buffer.of(0xff, 0xff, 0xff, 0xff)],
    ["an API key that nobody knows", frame(999, 0)],
    ["a version that is not served", frame(3, 99)],
    ["a Produce version from before record batches", frame(0, 2)],
    ["bytes that are no request", Buffer.from("\0\0\0\x10GET / HTTP/1.1\r\n")],
    ["a frame of one byte", Buffer.of(0, 0, 0, 1, 0)],
  ])("is closed without an answer on %s, and nobody else is disturbed", async (_what, bytes) => {
    await using healthy = await WireClient.connect(ottla.port);
    await using client = await WireClient.connect(ottla.port);
    client.sendRaw(bytes);
    await client.whenClosed();
    expect(client.answered).toEqual([]);
    expect((await healthy.send(Api.ApiVersions, 0, {})).errorCode).toBe(0);
  });

  test("trailing bytes after a body are let pass, as librdkafka sends them", async () => {
    await using client = await WireClient.connect(ottla.port);
    const body = Buffer.concat([...encodeRequestFrame(Api.Metadata, 4, { correlationId: 77, clientId: null }, { topics: [] }), Buffer.of(0, 0, 0)]);
    body.writeInt32BE(body.length - 4);
    client.sendRaw(body);
    await client.send(Api.ApiVersions, 0, {});
    expect(client.answered).toEqual([77, 1]);
  });

  test("closes when its peer asks for more than a frame may hold only in what it announces inside", async () => {
    await using client = await WireClient.connect(ottla.port);
    // Metadata v1 with an array of 2^31-1 topics in a body of 14 bytes.
    client.sendRaw(Buffer.from("0000000e000300010000000100007fffffff".padEnd(36, "0"), "hex"));
    await client.whenClosed();
  });
});

describe("ApiVersions", () => {
  test.each([0, 1, 2, 3, 4])("version %i lists exactly what is served", async (version) => {
    await using client = await WireClient.connect(ottla.port);
    const answer = await client.send(Api.ApiVersions, version, { clientSoftwareName: "test", clientSoftwareVersion: "1.0" });
    expect(answer.errorCode).toBe(0);
    const ranges = new Map(answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]));
    expect(ranges.get(Api.Produce.key)).toEqual([0, 13]);
    expect(ranges.get(Api.Fetch.key)).toEqual([4, 18]);
    expect(ranges.has(Api.CreateAcls.key)).toBe(false);
  });

  test("a version from the future is answered in version 0 with the range, and the connection stays", async () => {
    await using client = await WireClient.connect(ottla.port);
    const header = Buffer.from("000000180012007f0000000500047465737400", "hex");
    const request = Buffer.concat([header, Buffer.alloc(28 - header.length)]);
    request.writeInt32BE(request.length - 4);
    client.sendRaw(request);
    const after = await client.send(Api.ApiVersions, 0, {});
    expect(client.answered).toEqual([5, 1]);
    expect(after.errorCode).toBe(0);
  });

  test.each([["", "1"], ["a b", "1"], ["-a", "1"], ["ok", ""]])("software %j %j is an invalid request", async (clientSoftwareName, clientSoftwareVersion) => {
    await using client = await WireClient.connect(ottla.port);
    expect((await client.send(Api.ApiVersions, 3, { clientSoftwareName, clientSoftwareVersion })).errorCode).toBe(ErrorCode.INVALID_REQUEST);
  });
});
