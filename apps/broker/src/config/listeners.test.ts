import { describe, expect, it } from "vitest";
import { parseListeners, type ListenerSettings } from "./listeners.ts";

const DEFAULT_MAP = "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL";

function parse(listeners: string, more: Partial<ListenerSettings> = {}) {
  return parseListeners({
    listeners,
    advertisedListeners: null,
    protocolMap: DEFAULT_MAP,
    controllerListenerNames: [],
    ...more,
  });
}

describe("listeners", () => {
  it.each([
    ["PLAINTEXT://localhost:9092", "localhost", 9092],
    ["PLAINTEXT://0.0.0.0:9092", "0.0.0.0", 9092],
    ["PLAINTEXT://:9092", "", 9092],
    ["PLAINTEXT://[::1]:9092", "::1", 9092],
    ["PLAINTEXT://[fe80::1%eth0]:0", "fe80::1%eth0", 0],
    ["plaintext://my-host.example:65535", "my-host.example", 65_535],
  ])("%s is understood", (text, host, port) => {
    expect(parse(text)).toEqual([{ name: "PLAINTEXT", host, port, advertised: undefined }]);
  });

  it.each([
    "PLAINTEXT",
    "PLAINTEXT://host",
    "PLAINTEXT://host:port",
    "://host:1",
    "PLAINTEXT://host:65536",
    "PLAINTEXT://a b:1",
    "PLAINTEXT://::1:9092",
  ])("%s is refused with an example", (text) => {
    expect(() => parse(text)).toThrow(
      `listeners: ${JSON.stringify(text)} is not an address; write it as PLAINTEXT://host:9092`,
    );
  });

  it("may be several under names of their own", () => {
    const protocolMap = "IN:PLAINTEXT,OUT:PLAINTEXT";
    const advertisedListeners = "OUT://broker.example:19092";
    expect(parse("IN://127.0.0.1:1, OUT://:2", { protocolMap, advertisedListeners })).toEqual([
      { name: "IN", host: "127.0.0.1", port: 1, advertised: undefined },
      { name: "OUT", host: "", port: 2, advertised: { host: "broker.example", port: 19_092 } },
    ]);
  });

  it.each([
    ["SSL://:1", {}, /listener SSL asks for SSL, this release serves PLAINTEXT only/],
    ["SASL_SSL://:1", {}, /asks for SASL_SSL/],
    [
      "MINE://:1",
      {},
      /MINE has no security protocol; add MINE:PLAINTEXT to listener.security.protocol.map/,
    ],
    ["MINE://:1", { protocolMap: "MINE:SASL_PLAINTEXT" }, /asks for SASL_PLAINTEXT/],
    ["MINE://:1", { protocolMap: "MINE" }, /is not NAME:PROTOCOL/],
    ["MINE://:1", { protocolMap: "MINE:TLS" }, /is not NAME:PROTOCOL/],
    ["PLAINTEXT://:1,PLAINTEXT://:2", {}, /PLAINTEXT is named twice/],
    ["A://:1,B://:1", { protocolMap: "A:PLAINTEXT,B:PLAINTEXT" }, /B uses port 1 a second time/],
    ["", {}, /names no listener for clients/],
    ["C://:1", { controllerListenerNames: ["C"] }, /names no listener for clients/],
    [
      "PLAINTEXT://:1",
      { advertisedListeners: "OTHER://h:1" },
      /names OTHER, which listeners does not; name one of PLAINTEXT/,
    ],
    [
      "PLAINTEXT://:1",
      { advertisedListeners: "PLAINTEXT://0.0.0.0:1" },
      /needs a host that clients can connect to/,
    ],
    [
      "PLAINTEXT://:1",
      { advertisedListeners: "PLAINTEXT://:1" },
      /needs a host that clients can connect to/,
    ],
  ] as [string, Partial<ListenerSettings>, RegExp][])(
    "%j with %j is refused in one line",
    (text, more, message) => {
      expect(() => parse(text, more)).toThrow(message);
      expect(() => parse(text, more)).not.toThrow(/\n/);
    },
  );
});
