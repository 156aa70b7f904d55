import { styleText } from "node:util";
import { isOutputTerminal } from "./standard-output.ts";

const NUMBER = /^[+-]?[\d,]+(?:\.\d+)?%?$|^-$/;

/** Aligned columns without frames; numbers stand to the right. Headings are bold on a terminal that has colours. */
export async function renderTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<string[]> {
  const { default: Table } = await import("cli-table3");
  const isNumeric = columns.map(
    (_, column) => rows.length > 0 && rows.every((row) => NUMBER.test(row[column] ?? "")),
  );
  const table = new Table({
    head: columns.map(heading),
    colAligns: isNumeric.map((numeric) => (numeric ? "right" : "left")),
    chars: NO_FRAME,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2, compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}

const NO_FRAME = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
} as const;

function heading(text: string): string {
  const hasColors =
    isOutputTerminal() && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
  return hasColors ? styleText("bold", text, { validateStream: false }) : text;
}
