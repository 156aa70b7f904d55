import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("the example in the README runs and prints what it says", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
  const promised = [...example.matchAll(/console\.log.*\/\/ (.*)/g)].map((match) => match[1]);
  const options = ["--conditions=@ottla/source", "--input-type=module-typescript", "-e", example];
  const printed = execFileSync(process.execPath, options, {
    cwd: new URL("..", import.meta.url),
    encoding: "utf8",
  });
  expect(promised.length).toBe(2);
  expect(printed.trim().split("\n")).toEqual(promised);
});
