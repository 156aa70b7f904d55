/** Reads the lines `ok - …` and `not ok - … # detail` which a suite prints. */

export interface Check {
  readonly passed: boolean;
  readonly text: string;
  readonly detail: string;
}

export interface SuiteEnd {
  readonly exitCode: number;
  readonly timedOut: boolean;
}

const checkLine = /^(not )?ok(?:\s+\d+)?\s+-\s+(.*)$/;
const planLine = /^1\.\.(\d+)$/;

export class CheckLines {
  readonly checks: Check[] = [];
  #planned: number | undefined;

  /** True when the line was one of ours. */
  take(line: string): boolean {
    const trimmed = line.trimEnd();
    const plan = planLine.exec(trimmed);
    if (plan !== null) {
      this.#planned = (this.#planned ?? 0) + Number(plan[1]);
      return true;
    }
    const match = checkLine.exec(trimmed);
    if (match === null) return false;
    const passed = match[1] === undefined;
    const rest = match[2] ?? "";
    // A passed check may have a "#" in its text; only a failed one has a detail.
    const at = passed ? -1 : rest.indexOf(" # ");
    this.checks.push({
      passed,
      text: at < 0 ? rest : rest.slice(0, at),
      detail: at < 0 ? "" : rest.slice(at + 3),
    });
    return true;
  }

  /** Adds the failures that no line states: time ran out, a bad exit, too few checks, none at all. */
  end(end: SuiteEnd): void {
    const seen = this.checks.length;
    if (end.timedOut)
      this.#fail("the suite ends within its time limit", `killed after ${seen} checks`);
    else if (end.exitCode !== 0 && this.checks.every((check) => check.passed)) {
      this.#fail("the suite exits with 0", `exit code ${end.exitCode} after ${seen} checks`);
    } else if (end.exitCode === 0 && this.checks.some((check) => !check.passed)) {
      this.#fail("the suite's exit code says that a check failed", "exit code 0");
    }
    if (this.#planned !== undefined && this.#planned !== seen) {
      this.#fail("the suite runs every planned check", `planned ${this.#planned}, ran ${seen}`);
    } else if (seen === 0 && this.checks.length === 0) {
      this.#fail("the suite runs at least one check", "it printed none");
    }
  }

  #fail(text: string, detail: string): void {
    this.checks.push({ passed: false, text, detail });
  }
}
