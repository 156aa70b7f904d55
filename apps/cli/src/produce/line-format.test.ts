import { describe, expect, test } from "vitest";
import { parseLine, readLineFormat } from "./line-format.ts";
import { LineSplitter } from "./line-splitter.ts";

function parse(line: string, properties: Record<string, string>) {
  const { key, value, headers } = parseLine(
    Buffer.from(line),
    readLineFormat(new Map(Object.entries(properties))),
  );
  const shown = (bytes: unknown): unknown => (Buffer.isBuffer(bytes) ? bytes.toString() : bytes);
  const pairs = headers as readonly (readonly [string, unknown])[] | undefined;
  return {
    key: shown(key),
    value: shown(value),
    headers: pairs?.map(([name, content]) => [name, shown(content)]),
  };
}

describe("a line becomes a record", () => {
  test("as its value alone unless something else is announced", () => {
    expect(parse("a\tb", {})).toEqual({ key: undefined, value: "a\tb", headers: undefined });
  });

  test("with headers, key and value in this order", () => {
    const format = { "parse.key": "true", "parse.headers": "true" };
    expect(parse("h1:v1,h2:v:2\tk\tv\tw", format)).toEqual({
      key: "k",
      value: "v\tw",
      headers: [
        ["h1", "v1"],
        ["h2", "v:2"],
      ],
    });
  });

  test("with nulls where the marker stands", () => {
    const format = { "parse.key": "true", "null.marker": "NULL", "key.separator": "::" };
    expect(parse("NULL::NULL", format)).toEqual({ key: null, value: null, headers: undefined });
  });

  test("and a missing separator is an error, or with ignore.error the whole line is the value", () => {
    expect(() => parse("no key", { "parse.key": "true" })).toThrow(
      'no key separator "\\t" in "no key"',
    );
    expect(parse("no key", { "parse.key": "true", "ignore.error": "true" })).toMatchObject({
      key: undefined,
      value: "no key",
    });
  });

  test("and separators that cannot be told apart are refused", () => {
    expect(() => readLineFormat(new Map([["headers.separator", ":"]]))).toThrow(
      "must differ from each other",
    );
    expect(() => readLineFormat(new Map([["null.marker", "\t"]]))).toThrow(
      "must differ from the separators",
    );
  });
});

describe("lines are cut from a stream", () => {
  test("wherever the chunks end", () => {
    const input = Buffer.from("one\ntwo\r\n\nfour é\nlast");
    for (let size = 1; size <= input.length; size++) {
      const splitter = new LineSplitter(100);
      const lines: Buffer[] = [];
      for (let at = 0; at < input.length; at += size)
        lines.push(...splitter.push(input.subarray(at, at + size)));
      lines.push(...splitter.end());
      expect(lines.map(String), `chunks of ${size}`).toEqual(["one", "two", "", "four é", "last"]);
    }
  });

  test("and a line that never ends is noticed before it fills the memory", () => {
    const splitter = new LineSplitter(10);
    splitter.push(Buffer.alloc(10));
    expect(splitter.isLineTooLong).toBe(false);
    splitter.push(Buffer.alloc(1));
    expect(splitter.isLineTooLong).toBe(true);
  });
});
