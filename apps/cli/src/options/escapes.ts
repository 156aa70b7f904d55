const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "0": "\0",
  "\\": "\\",
};

/** `\n`, `\t`, `\r`, `\0`, `\xHH` and `\\` as a shell leaves them; any other pair stays as it is. */
export function unescapeText(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|([nrt0\\]))/g, (_, hex?: string, letter = "") =>
    hex === undefined
      ? (ESCAPES[letter as string] ?? "")
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
