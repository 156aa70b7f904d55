import { invariant } from "@ottla/runtime";
import type { HostLink } from "./host-link.ts";

/** The ways to the hosts of one directory, and which of them to take. */
export class EngineLinks {
  readonly all: readonly HostLink[];

  constructor(links: readonly HostLink[]) {
    this.all = links;
  }

  /** Links that host something: a worker that never got a partition was never started. */
  get active(): HostLink[] {
    return this.all.filter((link) => link.serves && link.partitionCount > 0);
  }

  /** Whose host writes the files of the whole directory: one that runs, if any does. */
  get any(): HostLink {
    return this.active[0] ?? this.#first;
  }

  /** Where the next partitions go, one entry for each: the links end up as full as each other. */
  forNew(count: number): HostLink[] {
    const serving = this.all.filter((link) => link.serves);
    const partitions = new Map(serving.map((link) => [link, link.partitionCount]));
    return Array.from({ length: count }, () => {
      let best = serving[0] ?? this.#first;
      for (const link of serving)
        if (partitions.get(link)! < (partitions.get(best) ?? 0)) best = link;
      partitions.set(best, (partitions.get(best) ?? 0) + 1);
      return best;
    });
  }

  get #first(): HostLink {
    const [first] = this.all;
    invariant(first !== undefined, "an engine has a link");
    return first;
  }
}
