import { describe, expect, it } from "vitest";
import { brokerSettings } from "./broker-settings.ts";
import { parseSetting, type SettingDefinition } from "./setting-definition.ts";
import { topicSettings } from "./topic-settings.ts";
import { findUnserved, unservedSettings } from "./unserved-settings.ts";

const broker: [string, SettingDefinition][] = Object.entries(brokerSettings);
const topic: [string, SettingDefinition][] = Object.entries(topicSettings);

describe("every definition", () => {
  it.each([...broker, ...topic])(
    "of %s is documented in sentences and has a default that it accepts",
    (_, definition) => {
      expect(definition.doc).toMatch(/^[A-Z-].{15,}\.$/);
      if (definition.default !== null) {
        expect(parseSetting(definition, definition.default)).toMatchObject({ ok: true });
      }
    },
  );

  it("of a topic names broker settings that exist, and has the default of the first that has one", () => {
    for (const [name, { synonyms = [], default: ownDefault }] of topic) {
      for (const synonym of synonyms)
        expect(Object.keys(brokerSettings), name).toContain(synonym.name);
      const supplied = synonyms
        .map(
          (one) =>
            [
              (brokerSettings as Record<string, SettingDefinition>)[one.name]?.default,
              one.factor ?? 1,
            ] as const,
        )
        .find(([value]) => value !== null && value !== undefined);
      if (!supplied) continue;
      const [value, factor] = supplied;
      const expected = factor === 1 ? value : String(BigInt(value ?? 0) * BigInt(factor));
      expect(ownDefault, name).toBe(expected);
    }
  });

  it("is about a setting that is served: none is listed as unserved too, but for log.cleaner and log.flush", () => {
    const both = broker.map(([name]) => name).filter((name) => findUnserved(name) !== undefined);
    expect(both.filter((name) => !/^log\.(cleaner|flush)\./.test(name))).toEqual([]);
  });

  it("of an unserved setting gives a reason and appears once", () => {
    const names = unservedSettings.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { reason } of unservedSettings) expect(reason.length).toBeGreaterThan(10);
  });
});

describe("parsing a value", () => {
  const int: SettingDefinition = { type: "int", default: null, doc: "", min: 0, max: 10 };
  it.each([
    [int, " 7 ", { ok: true, value: 7 }],
    [int, "+7", { ok: true, value: 7 }],
    [int, "", { ok: false, problem: "must be a whole number" }],
    [int, "7.5", { ok: false, problem: "must be a whole number" }],
    [int, "0x7", { ok: false, problem: "must be a whole number" }],
    [int, "11", { ok: false, problem: "must be at most 10" }],
    [int, "-1", { ok: false, problem: "must be at least 0" }],
    [int, "2147483648", { ok: false, problem: "must be between -2147483648 and 2147483647" }],
    [
      { type: "long", default: null, doc: "" },
      "9223372036854775807",
      { ok: true, value: Number.MAX_SAFE_INTEGER },
    ],
    [{ type: "long", default: null, doc: "" }, "9223372036854775808", { ok: false }],
    [{ type: "boolean", default: null, doc: "" }, "TRUE", { ok: true, value: true }],
    [
      { type: "boolean", default: null, doc: "" },
      "yes",
      { ok: false, problem: "must be true or false" },
    ],
    [{ type: "double", default: null, doc: "" }, "0.5", { ok: true, value: 0.5 }],
    [
      { type: "double", default: null, doc: "" },
      "half",
      { ok: false, problem: "must be a number" },
    ],
    [
      { type: "list", default: null, doc: "", oneOf: ["a", "b"] },
      " a , b,a",
      { ok: true, value: ["a", "b"] },
    ],
    [{ type: "list", default: null, doc: "", oneOf: ["a", "b"] }, "", { ok: true, value: [] }],
    [
      { type: "list", default: null, doc: "", oneOf: ["a", "b"] },
      "a,,b",
      { ok: false, problem: "has an empty item" },
    ],
    [
      { type: "list", default: null, doc: "", oneOf: ["a", "b"] },
      "a,c",
      { ok: false, problem: "must be a list of a, b" },
    ],
    [
      { type: "string", default: null, doc: "", oneOf: ["a", "b"] },
      "c",
      { ok: false, problem: "must be one of a, b" },
    ],
  ] as [SettingDefinition, string, object][])(
    "of %j from %j gives %j",
    (definition, text, expected) => {
      expect(parseSetting(definition, text)).toMatchObject(expected);
    },
  );
});
