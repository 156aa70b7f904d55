import { describe, expect, it } from "vitest";
import { decodeMessage } from "./schema/message.ts";
import { DecodeError } from "./errors/decode-error.ts";
import {
  decodeRequestHeader,
  decodeResponseFrame,
  encodeRequestFrame,
  encodeResponseFrame,
  FrameSplitter,
  readCorrelationId,
} from "./frame.ts";
import { Api, apis } from "./messages/api-keys.ts";

const OPTIONS = { correlationId: 77, clientId: "tester" };

function joined(chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat(chunks);
}

describe("frames", () => {
  it("carry every API and version there and back", () => {
    for (const api of apis.values()) {
      for (let version = api.request.validVersions.min; version <= api.request.validVersions.max; version++) {
        const request = joined(encodeRequestFrame(api, version, OPTIONS, {}));
        expect(request.readInt32BE(0)).toBe(request.length - 4);
        const header = decodeRequestHeader(request.subarray(4));
        expect(header).toMatchObject({ apiKey: api.key, apiVersion: version, supported: true, ...OPTIONS });
        decodeMessage(api.request, request.subarray(4 + header.bodyOffset), version);
        const response = joined(encodeResponseFrame(api, version, 77, {}));
        expect(response.readInt32BE(0)).toBe(response.length - 4);
        expect(readCorrelationId(response.subarray(4))).toBe(77);
        expect(decodeResponseFrame(api, version, response.subarray(4)).correlationId).toBe(77);
      }
    }
  });

  it("have tagged fields in the response header exactly when the response is flexible, but never for ApiVersions", () => {
    expect(Api.Metadata.responseHeaderVersion(8)).toBe(0);
    expect(Api.Metadata.responseHeaderVersion(9)).toBe(1);
    expect(Api.ApiVersions.responseHeaderVersion(4)).toBe(0);
    expect(Api.ApiVersions.requestHeaderVersion(4)).toBe(2);
    expect(Api.SaslHandshake.requestHeaderVersion(1)).toBe(1);
    expect(Api.OffsetDelete.responseHeaderVersion(0)).toBe(0);
  });

  it("keep the client id in its old form in a flexible request", () => {
    const frame = joined(encodeRequestFrame(Api.ApiVersions, 3, { correlationId: 1, clientId: "me" }, {}));
    expect(frame.subarray(12, 17).toString("hex")).toBe("00026d6500");
  });

  it("tell an unknown key or version by what can be known", () => {
    expect(decodeRequestHeader(Uint8Array.from([3, 231, 0, 1, 0, 0, 0, 9]))).toMatchObject({ apiKey: 999, correlationId: 9, supported: false });
    expect(decodeRequestHeader(Uint8Array.from([0, 18, 0, 99, 0, 0, 0, 9, 1, 2]))).toMatchObject({ apiKey: 18, apiVersion: 99, supported: false });
    expect(() => decodeRequestHeader(Uint8Array.from([0, 18, 0]))).toThrow(DecodeError);
  });

  it("leave the unstable version of InitProducerId out of what is valid", () => {
    expect(Api.InitProducerId.validVersions).toEqual({ min: 0, max: 5 });
    expect(Api.InitProducerId.request.validVersions.max).toBe(6);
  });
});

describe("FrameSplitter", () => {
  const frames = [Uint8Array.from([1, 2, 3]), new Uint8Array(0), new Uint8Array(300).fill(4), Uint8Array.from([5])];
  const stream = Uint8Array.from(frames.flatMap((frame) => [0, 0, frame.length >> 8, frame.length & 255, ...frame]));

  it.each([1, 2, 3, 5, 7, 64, 1000])("finds the same frames in chunks of %i bytes", (chunkBytes) => {
    const splitter = new FrameSplitter({ maxFrameBytes: 1000 });
    const found: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += chunkBytes) found.push(...splitter.push(stream.subarray(at, at + chunkBytes)));
    expect(found.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]));
    expect(splitter.isInFrame).toBe(false);
  });

  it("refuses a frame that is too large or negative before any of it has come", () => {
    expect(() => new FrameSplitter({ maxFrameBytes: 1000 }).push(Uint8Array.from([0, 0, 4, 0, 1]))).toThrow(DecodeError);
    expect(() => new FrameSplitter({ maxFrameBytes: 1000 }).push(Uint8Array.from([255, 255, 255, 255, 1]))).toThrow(DecodeError);
  });

  it("knows that a part of a frame is missing", () => {
    const splitter = new FrameSplitter({ maxFrameBytes: 1000 });
    expect(splitter.push(stream.subarray(0, 2))).toEqual([]);
    expect(splitter.isInFrame).toBe(true);
  });
});
