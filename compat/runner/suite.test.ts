import { expect, test } from "vitest";
import { findSuites, parseSuite } from "./suite.ts";

const sound = { name: "a-b", run: ["node", "main.ts"], timeoutSeconds: 10 };

function parse(fields: Record<string, unknown>): ReturnType<typeof parseSuite> {
  return parseSuite(JSON.stringify({ ...sound, ...fields }), "/x/suite.json");
}

test("a command is a program with arguments, or a line for the shell", () => {
  const suite = parse({ install: ["a && b", ["sh", "install.sh"]], needs: ["java"] });
  expect(suite.install).toEqual([
    ["sh", "-c", "a && b"],
    ["sh", "install.sh"],
  ]);
  expect(suite.run).toEqual(["node", "main.ts"]);
  expect(parse({ run: ["node main.ts"] }).run).toEqual(["sh", "-c", "node main.ts"]);
});

test("mistakes are refused with the file's path", () => {
  expect(() => parse({ nam: "x" })).toThrow("/x/suite.json: unknown key nam");
  expect(() => parse({ name: "A" })).toThrow("name must be");
  expect(() => parse({ run: [] })).toThrow("run is an empty command");
  expect(() => parse({ run: [1] })).toThrow("run must be a list of strings");
  expect(() => parse({ needs: ["jvm"] })).toThrow("unknown need jvm");
  expect(() => parse({ timeoutSeconds: 0 })).toThrow("timeoutSeconds must be");
});

test("every suite in the tree can be read", () => {
  expect(findSuites().map((suite) => suite.name)).toContain("java-clients");
});
