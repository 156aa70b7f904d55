import { CommandError, UsageError } from "../failure/exit.ts";
import { writeOutput } from "../output/standard-output.ts";
import { formatEntry, type ShownParts } from "./format-entry.ts";

export interface DumpLogFlags {
  readonly files: string;
  readonly printDataLog?: true;
  readonly deepIteration?: true;
  readonly skipRecordMetadata?: true;
  readonly indexSanityCheck?: true;
  readonly verifyIndexOnly?: true;
  readonly maxBytes?: number;
}

/** Output goes out in pieces of this size, so a file of any length needs little memory. */
const WRITE_BYTES = 64 * 1024;

export async function runDumpLog(flags: DumpLogFlags): Promise<void> {
  const files = flags.files
    .split(",")
    .map((file) => file.trim())
    .filter((file) => file !== "");
  if (files.length === 0) throw new UsageError("--files names no file");
  const damaged: string[] = [];
  for (const file of files) {
    const damage = isCheck(flags, file) ? await checkIndex(file) : await dump(file, flags);
    if (damage !== undefined) damaged.push(`${file}: ${damage}`);
  }
  if (damaged.length > 0) throw new CommandError(`damage was found: ${damaged.join("; ")}`);
}

function isCheck({ indexSanityCheck, verifyIndexOnly }: DumpLogFlags, file: string): boolean {
  return (
    (indexSanityCheck === true || verifyIndexOnly === true) &&
    /\.(?:index|timeindex|txnindex)$/.test(file)
  );
}

/** Returns the first damage. */
async function dump(file: string, flags: DumpLogFlags): Promise<string | undefined> {
  const parts: ShownParts = {
    payload: flags.printDataLog === true,
    metadata: flags.skipRecordMetadata !== true,
  };
  let damage: string | undefined;
  let text = "";
  for await (const entry of await entriesOf(file, flags)) {
    if (entry.kind === "damage") damage ??= entry.message;
    for (const line of formatEntry(entry, parts)) text += `${line}\n`;
    if (text.length < WRITE_BYTES) continue;
    await writeOutput(Buffer.from(text));
    text = "";
  }
  await writeOutput(Buffer.from(text));
  return damage;
}

async function checkIndex(file: string): Promise<string | undefined> {
  for await (const entry of await entriesOf(file, {}))
    if (entry.kind === "damage") return entry.message;
  await writeOutput(Buffer.from(`${file} passed sanity check.\n`));
  return undefined;
}

async function entriesOf(
  file: string,
  { printDataLog, deepIteration, maxBytes }: Omit<DumpLogFlags, "files">,
) {
  const [{ dumpLog, DumpError }, { NodeFileSystem }] = await Promise.all([
    import("@ottla/storage"),
    import("@ottla/runtime"),
  ]);
  const entries = dumpLog(file, {
    fileSystem: new NodeFileSystem(),
    deepIteration: printDataLog === true || deepIteration === true,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  return (async function* () {
    try {
      yield* entries;
    } catch (error) {
      throw error instanceof DumpError ? new CommandError(error.message) : error;
    }
  })();
}
