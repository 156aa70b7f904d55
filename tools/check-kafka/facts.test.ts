import { describe, expect, it } from "vitest";
import { f, message } from "@ottla/protocol";
import {
  differences,
  factsOfKafka,
  factsOfTable,
  parseDefinition,
  withinOurVersions,
} from "./facts.ts";

const table = message({
  apiKey: 999,
  name: "ProbeRequest",
  validVersions: "1-2",
  flexibleVersions: "2+",
  fields: {
    name: f.string({ nullable: "1+", default: null }),
    epoch: f.int32({ versions: "2+", default: -1 }),
    parts: f.array({ fields: { index: f.int32() } }),
  },
});

function definition(change: (text: string) => string = (text) => text): string {
  return change(`
    // A comment line, as in Kafka's own files.
    {
      "apiKey": 999, "type": "request", "name": "ProbeRequest", "validVersions": "1-2", "flexibleVersions": "2+",
      "fields": [
        { "name": "Name", "type": "string", "versions": "0+", "nullableVersions": "1+", "default": "null" },
        { "name": "Epoch", "type": "int32", "versions": "2+", "default": "-1" },
        { "name": "Parts", "type": "[]Part", "versions": "0+" }
      ],
      "commonStructs": [{ "name": "Part", "fields": [{ "name": "Index", "type": "int32", "versions": "0+" }] }]
    }`);
}

function compare(text: string): string[] {
  return differences(
    "ProbeRequest",
    factsOfTable(table, false),
    factsOfKafka(parseDefinition(text)),
  ).map(({ path }) => path);
}

describe("the comparison with Kafka's definitions", () => {
  it("finds nothing where both are the same", () => {
    expect(compare(definition())).toEqual([]);
  });

  it.each([
    [
      "another type",
      '"type": "int32", "versions": "2+"',
      '"type": "int64", "versions": "2+"',
      ".epoch",
    ],
    [
      "another version range",
      '"versions": "2+", "default"',
      '"versions": "1+", "default"',
      ".epoch",
    ],
    ["another default", '"default": "-1"', '"default": "0"', ".epoch"],
    ["another nullability", '"nullableVersions": "1+"', '"nullableVersions": "2+"', ".name"],
    [
      "a tag",
      '"versions": "2+", "default"',
      '"versions": "2+", "taggedVersions": "2+", "tag": 0, "default"',
      ".epoch",
    ],
    [
      "another field within a struct",
      '"Index", "type": "int32"',
      '"Index", "type": "int16"',
      ".parts.index",
    ],
    [
      "another range of the message",
      '"validVersions": "1-2"',
      '"validVersions": "0-2"',
      "versions",
    ],
    [
      "another flexible version",
      '"flexibleVersions": "2+"',
      '"flexibleVersions": "1+"',
      "flexible",
    ],
  ])("finds %s", (_what, from, to, path) => {
    expect(compare(definition((text) => text.replace(from, to)))).toEqual([path]);
  });

  it("tells what only a newer version has from what is wrong", () => {
    const newer = definition((text) =>
      text
        .replace('"validVersions": "1-2"', '"validVersions": "1-3"')
        .replace(
          '{ "name": "Parts"',
          '{ "name": "Later", "type": "bool", "versions": "3+" }, { "name": "Parts"',
        ),
    );
    expect(compare(newer)).toEqual(["versions", " order", ".later"]);
    const clipped = withinOurVersions(parseDefinition(newer), table);
    expect(differences("ProbeRequest", factsOfTable(table, true), factsOfKafka(clipped))).toEqual(
      [],
    );
  });
});
