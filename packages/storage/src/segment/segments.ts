import { invariant } from "@ottla/runtime";
import type { Segment } from "./segment.ts";

/** The segments of one log by ascending base offset. Invariant: never empty; the last one is active. */
export class Segments {
  readonly #segments: Segment[];
  #cuts = 0;
  #replacements = 0;

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

  /** Puts another segment of the same base offset in the place of the active one. */
  replaceActive(segment: Segment): void {
    invariant(segment.baseOffset === this.active.baseOffset, "a segment keeps its base offset");
    this.#segments[this.#segments.length - 1] = segment;
  }

  /** Puts one segment in the place of all. */
  startOver(segment: Segment): void {
    this.#segments.splice(0, this.#segments.length, segment);
  }

  /** Takes out the oldest segment; the active one stays. */
  removeFirst(): Segment {
    invariant(this.#segments.length > 1, "the active segment is never removed");
    return this.#segments.shift()!;
  }

  /** How often the end was taken away. While it stays the same, a sealed segment is what it was. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Puts a segment in the place of sealed ones that stand side by side; it begins where they begin. */
  replaceSealed(replaced: readonly Segment[], replacement: Segment): void {
    const place = this.#segments.indexOf(replaced[0]!);
    const stand = replaced.every((segment, index) => this.#segments[place + index] === segment);
    invariant(place >= 0 && stand, "segments that are replaced stand side by side");
    invariant(!replaced.includes(this.active), "the active segment is never replaced");
    invariant(
      replacement.baseOffset === replaced[0]!.baseOffset,
      "a replacement begins where what it replaces began",
    );
    this.#segments.splice(place, replaced.length, replacement);
    this.#replacements++;
  }

  /** How often segments were replaced; a read that fails meanwhile may have met one that was closed. */
  get replacements(): number {
    return this.#replacements;
  }

  removeLast(): Segment {
    invariant(this.#segments.length > 1, "a log keeps at least one segment");
    this.#cuts++;
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
