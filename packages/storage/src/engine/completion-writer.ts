import { afterThisTurn } from "@ottla/runtime";
import type { ReadIntoOutcome } from "../log/log.ts";
import type { DescriptorRing } from "./descriptor-ring.ts";
import type { GoodAppend, LogState } from "./hosted-log.ts";
import { writeAppended, writeReadDone } from "./ring-entries.ts";

/** The completion ring as the worker writes it: whatever finishes in one turn is published with one notify. */
export class CompletionWriter {
  readonly #ring: DescriptorRing;
  #publishScheduled = false;

  constructor(ring: DescriptorRing) {
    this.#ring = ring;
  }

  appended(slot: number, outcome: GoodAppend, state: LogState): void {
    writeAppended(this.#ring, slot, { outcome, state });
    this.#publishSoon();
  }

  readDone(slot: number, outcome: ReadIntoOutcome): void {
    writeReadDone(this.#ring, slot, outcome);
    this.#publishSoon();
  }

  #publishSoon(): void {
    if (this.#publishScheduled) return;
    this.#publishScheduled = true;
    afterThisTurn(() => {
      this.#publishScheduled = false;
      this.#ring.publish();
    });
  }
}
