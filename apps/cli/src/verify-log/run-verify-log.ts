import type { Finding, LogVerification, PartitionVerification } from "@ottla/storage";
import { CommandError } from "../failure/exit.ts";
import { formatBytes, formatCount } from "../output/progress.ts";
import { printLines } from "../output/standard-output.ts";
import { renderTable } from "../output/table.ts";
import { StatusLine } from "../output/status-line.ts";

export interface VerifyLogFlags {
  readonly deep?: true;
  readonly json?: true;
}

/** More findings than this of one kind help nobody on a screen; `--json` has all. */
const FINDINGS_SHOWN_MAX = 50;

export async function runVerifyLog(path: string, flags: VerifyLogFlags): Promise<void> {
  const startedMs = performance.now();
  const found = await verify(path, flags);
  const findings = [...found.findings, ...found.partitions.flatMap((one) => one.findings)];
  if (flags.json) await printLines([JSON.stringify(found, null, 2)]);
  else await printLines(await report(found, findings, performance.now() - startedMs));
  const damages = findings.filter(({ severity }) => severity === "damage").length;
  if (damages > 0)
    throw new CommandError(`${damages} ${damages === 1 ? "damage" : "damages"} found in ${path}`);
}

async function verify(path: string, { deep }: VerifyLogFlags): Promise<LogVerification> {
  const [{ verifyLog, StorageError }, { NodeFileSystem }] = await Promise.all([
    import("@ottla/storage"),
    import("@ottla/runtime"),
  ]);
  const line = new StatusLine();
  try {
    return await verifyLog(path, {
      fileSystem: new NodeFileSystem(),
      deep: deep === true,
      onProgress: (checked, total, partition) =>
        line.show(
          `checked ${formatBytes(checked)} of ${formatBytes(total)} (${percent(checked, total)} %)  ${partition}`,
        ),
    });
  } catch (error) {
    throw error instanceof StorageError ? new CommandError(error.message) : error;
  } finally {
    line.clear();
  }
}

async function report(
  found: LogVerification,
  findings: readonly Finding[],
  elapsedMs: number,
): Promise<string[]> {
  const rows = found.partitions.map(rowOf);
  const lines = rows.length === 0 ? [] : await renderTable(COLUMNS, rows);
  if (findings.length > 0) lines.push("");
  for (const finding of findings.slice(0, FINDINGS_SHOWN_MAX)) lines.push(describe(finding));
  if (findings.length > FINDINGS_SHOWN_MAX)
    lines.push(
      `... and ${formatCount(findings.length - FINDINGS_SHOWN_MAX)} more; --json shows all`,
    );
  return [...lines, "", summary(found, findings, elapsedMs)];
}

const COLUMNS = ["PARTITION", "SEGMENTS", "BATCHES", "RECORDS", "BYTES", "START", "END", "STATUS"];

function rowOf(one: PartitionVerification): string[] {
  const numbers = [
    one.segments,
    one.batches,
    one.records,
    one.sizeBytes,
    one.logStartOffset,
    one.logEndOffset,
  ];
  return [one.name, ...numbers.map(formatCount), statusOf(one.findings)];
}

function statusOf(findings: readonly Finding[]): string {
  const damages = count(findings, "damage");
  if (damages > 0) return "DAMAGED";
  return count(findings, "repairable") > 0 ? "repairable" : "ok";
}

function describe({ severity, file, position, message }: Finding): string {
  const place = position === undefined ? file : `${file} at byte ${formatCount(position)}`;
  return `${severity.padEnd("repairable".length)}  ${place}: ${message}`;
}

function summary(
  { partitions, bytesChecked }: LogVerification,
  findings: readonly Finding[],
  elapsedMs: number,
): string {
  const sound = partitions.filter((one) => statusOf(one.findings) === "ok").length;
  const figures = [
    `${formatCount(partitions.length)} ${partitions.length === 1 ? "partition" : "partitions"}, ${formatBytes(bytesChecked)} checked in ${(elapsedMs / 1000).toFixed(1)} s`,
    `${formatCount(sound)} ok`,
    `${formatCount(count(findings, "damage"))} damaged`,
    `${formatCount(count(findings, "repairable"))} repairable`,
  ];
  return figures.join("  ·  ");
}

function count(findings: readonly Finding[], severity: Finding["severity"]): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

function percent(part: number, whole: number): string {
  return String(whole === 0 ? 100 : Math.floor((part * 100) / whole));
}
