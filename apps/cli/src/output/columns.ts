/** Rows padded to the widest cell of each column, without trailing blanks. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  options: { readonly gap?: number; readonly minWidths?: readonly number[] } = {},
): string[] {
  const { gap = 1, minWidths = [] } = options;
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(minWidths[column] ?? 0, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd((widths[column] ?? 0) + gap))
      .join("")
      .trimEnd(),
  );
}
