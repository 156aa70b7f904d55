import { UsageError } from "../failure/exit.ts";
import { parseInstant } from "../options/instants.ts";

/** Where reading begins in each partition. */
export type StartOffset =
  | { readonly kind: "beginning" }
  | { readonly kind: "end" }
  | { readonly kind: "offset"; readonly offset: number }
  /** So many records before the end. */
  | { readonly kind: "last"; readonly count: number }
  /** The first record of that time or later. */
  | { readonly kind: "timestamp"; readonly timestampMs: number };

/** `beginning`, `end`, `42`, `-10`, `@1700000000000`, `@2026-01-31T12:00:00Z`, `@-1h`. */
export function parseStartOffset(text: string, nowMs: number): StartOffset {
  if (text === "beginning" || text === "earliest") return { kind: "beginning" };
  if (text === "end" || text === "latest") return { kind: "end" };
  if (/^\d+$/.test(text)) return { kind: "offset", offset: Number(text) };
  if (/^-\d+$/.test(text)) return { kind: "last", count: -Number(text) };
  const instant = text.startsWith("@") ? parseInstant(text.slice(1), nowMs) : undefined;
  if (instant !== undefined) return { kind: "timestamp", timestampMs: instant };
  throw new UsageError(
    `"${text}" is no place to start: use beginning, end, an offset, -N for the last N, or @ and a time (@-1h, @2026-01-31T12:00:00Z)`,
  );
}
