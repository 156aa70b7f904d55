import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runClient } from "../clients/client-process.ts";
import type { BenchContext } from "./bench-context.ts";

const PROGRAM = fileURLToPath(new URL("in-process-program.ts", import.meta.url));

/** What the program prints. */
export interface InProcessTimes {
  readonly importMs: number;
  readonly firstMs: number;
  readonly laterMs: number;
}

/** `startOttla()` in a fresh process: with its directory on the disk, and in memory as tests of applications use it. */
export async function measureInProcessStart(context: BenchContext): Promise<void> {
  const { options, log, directory } = context;
  for (let round = 0; round < options.rounds && context.hasTime(round); round++) {
    for (const place of ["directory", "memory"] as const) {
      const data = path.join(directory, `in-process-${round}`);
      mkdirSync(data, { recursive: true });
      const conditions = options.program === "source" ? ["--conditions=@ottla/source"] : [];
      const parameters = [...conditions, PROGRAM, ...(place === "directory" ? [data] : [])];
      const { stdout } = await runClient(process.execPath, parameters, 0);
      const times = JSON.parse(stdout) as InProcessTimes;
      const add = (id: string, title: string, ms: number): void =>
        log.add(
          {
            id: `start/in-process/${place}/${id}`,
            section: "start",
            title: `startOttla(), ${place === "memory" ? "in memory" : "with a directory"}, ${title}`,
            unit: "ms",
            better: "lower",
          },
          "ottla",
          ms,
        );
      add("first", "first of its process", times.firstMs);
      add("later", "later ones, median", times.laterMs);
      if (place === "memory") add("import", "importing the package", times.importMs);
    }
  }
}
