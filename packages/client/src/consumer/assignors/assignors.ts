import type { Assignor } from "./assignor.ts";
import { cooperativeStickyAssignor } from "./cooperative-sticky.ts";
import { rangeAssignor } from "./range.ts";
import { roundRobinAssignor } from "./round-robin.ts";

export type { Assignor } from "./assignor.ts";

const ASSIGNORS = {
  range: rangeAssignor,
  roundrobin: roundRobinAssignor,
  "cooperative-sticky": cooperativeStickyAssignor,
} as const satisfies Record<string, Assignor>;

export type AssignorName = keyof typeof ASSIGNORS;

export function assignorByName(name: AssignorName): Assignor {
  const assignor: Assignor | undefined = ASSIGNORS[name];
  if (assignor === undefined) {
    throw new TypeError(
      `no assignor is called ${name}; there are ${Object.keys(ASSIGNORS).join(", ")}`,
    );
  }
  return assignor;
}
