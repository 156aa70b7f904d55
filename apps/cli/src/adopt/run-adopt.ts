import { CommandError } from "../failure/exit.ts";
import { writeQuietly } from "../output/closed-pipe.ts";
import { formatCount } from "../output/progress.ts";
import { printLines } from "../output/standard-output.ts";
import { StatusLine } from "../output/status-line.ts";
import { renderTable } from "../output/table.ts";
import type { AdoptFlags } from "./command.ts";

export async function runAdopt(kafkaDirectory: string, { dataDir }: AdoptFlags): Promise<void> {
  const { adoptKafka, StartError } = await import("@ottla/broker");
  const line = new StatusLine();
  try {
    const { topics, nodeId, warnings } = await adoptKafka({
      kafkaDirectory,
      dataDirectory: dataDir,
      onPartition: (done, total, name) =>
        line.show(`adopted ${formatCount(done)} of ${formatCount(total)} partitions  ${name}`),
    });
    line.clear();
    for (const warning of warnings) writeQuietly(process.stderr, `ottla: ${warning}\n`);
    const rows = topics.map(({ name, partitions, topicId, configs }) => [
      name,
      formatCount(partitions),
      topicId,
      configs.map(([setting, value]) => `${setting}=${value}`).join(",") || "-",
    ]);
    const node = nodeId === 1 ? "" : ` --override node.id=${nodeId}`;
    await printLines([
      ...(rows.length === 0
        ? []
        : await renderTable(["TOPIC", "PARTITIONS", "TOPIC ID", "SETTINGS"], rows)),
      "",
      `${formatCount(topics.length)} ${topics.length === 1 ? "topic" : "topics"} adopted; start with: ottla server --data-dir ${dataDir}${node}`,
    ]);
  } catch (error) {
    throw error instanceof StartError ? new CommandError(error.message) : error;
  } finally {
    line.clear();
  }
}
