import { invariant } from "@ottla/runtime";
import type { Segment } from "./segment.ts";

/** The segments of one log by ascending base offset. Invariant: never empty; the last one is active. */
export class Segments {
  readonly #segments: Segment[];

  constructor(segments: readonly Segment[]) {
    invariant(segments.length > 0, "a log has at least one segment");
    this.#segments = [...segments];
  }

  get active(): Segment {
    return this.#segments.at(-1)!;
  }

  get first(): Segment {
    return this.#segments[0]!;
  }

  get count(): number {
    return this.#segments.length;
  }

  all(): readonly Segment[] {
    return this.#segments;
  }

  sizeBytes(): number {
    let total = 0;
    for (const segment of this.#segments) total += segment.sizeBytes;
    return total;
  }

  add(segment: Segment): void {
    invariant(
      segment.baseOffset > this.active.baseOffset,
      "a new segment starts beyond the active one",
    );
    this.#segments.push(segment);
  }

  /** Takes out the oldest segment; the active one stays. */
  removeFirst(): Segment {
    invariant(this.#segments.length > 1, "the active segment is never removed");
    return this.#segments.shift()!;
  }

  removeLast(): Segment {
    invariant(this.#segments.length > 1, "a log keeps at least one segment");
    return this.#segments.pop()!;
  }

  /** Position in `all()` of the segment that holds `offset`; 0 when it lies before all of them. */
  floorIndex(offset: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#segments[middle]!.baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  at(index: number): Segment | undefined {
    return this.#segments[index];
  }
}
