import type { Command } from "commander";
import { positiveNumber, refuseFlags } from "../options/flags.ts";
import type { DumpLogFlags } from "./run-dump-log.ts";

/** `ottla dump-log`: the flags of kafka-dump-log. It reads files, no broker is needed. */
export function addDumpLogCommand(program: Command): void {
  const command = program
    .command("dump-log")
    .description("show what is in log, index and snapshot files, with the flags of kafka-dump-log")
    .requiredOption("--files <files>", "the files, with commas between")
    .option("--print-data-log", "keys and values too")
    .option("--deep-iteration", "each record and not only each batch")
    .option("--skip-record-metadata", "with --print-data-log: only keys and values")
    .option("--index-sanity-check", "only check index files, and say whether they are sound")
    .option("--verify-index-only", "the same check, without the entries")
    .option("--max-bytes <bytes>", "stop after so many bytes of a log", positiveNumber)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: DumpLogFlags) => {
      const { runDumpLog } = await import("./run-dump-log.ts");
      await runDumpLog(flags);
    });
  const noDecoder = "keys and values are printed as text; decoders of internal topics come later";
  refuseFlags(command, {
    "--offsets-decoder": noDecoder,
    "--transaction-log-decoder": noDecoder,
    "--cluster-metadata-decoder": "Ottla has no KRaft metadata log",
    "--share-group-state-decoder": noDecoder,
    "--remote-log-metadata-decoder": "Ottla has no remote log metadata topic",
    "--key-decoder-class [class]": "Java classes cannot be loaded here",
    "--value-decoder-class [class]": "Java classes cannot be loaded here",
    "--max-message-size <bytes>": "batches of any legal size are read",
  });
}

const EXAMPLES = `
Examples:
  ottla dump-log --files ottla-data/orders-0/00000000000000000000.log --print-data-log
  ottla dump-log --files ottla-data/orders-0/00000000000000000000.index --index-sanity-check`;
