import type { OutputFormat } from "../options/flags.ts";
import { printLines } from "./standard-output.ts";
import { renderTable } from "./table.ts";
import { toYaml, type Printable } from "./yaml.ts";
import { writeQuietly } from "./closed-pipe.ts";

/** One thing to print in three ways: `value` is complete, the table shows what people look for. */
export interface Rendered {
  readonly value: Printable;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Said instead of an empty table, on standard error so that pipes see nothing. */
  readonly ifEmpty: string;
}

export async function render(
  format: OutputFormat,
  { value, columns, rows, ifEmpty }: Rendered,
): Promise<void> {
  if (format === "json") return printLines([JSON.stringify(value, null, 2)]);
  if (format === "yaml") return printLines([toYaml(value).trimEnd()]);
  if (rows.length === 0) {
    writeQuietly(process.stderr, `${ifEmpty}\n`);
    return;
  }
  return printLines(await renderTable(columns, rows));
}
