import { Command } from "commander";
import { addAdoptCommand } from "./adopt/command.ts";
import { addConsoleConsumerCommand } from "./consume/console-consumer.ts";
import { addConsumeCommand } from "./consume/consume-command.ts";
import { addDeleteRecordsCommand } from "./delete-records/command.ts";
import { addDumpLogCommand } from "./dump-log/command.ts";
import { addGetOffsetsCommand } from "./get-offsets/command.ts";
import { addConsumerGroupsCommand } from "./groups/consumer-groups-command.ts";
import { addGroupCommand } from "./groups/group-command.ts";
import { addLogDirsCommand } from "./log-dirs/command.ts";
import { writeQuietly } from "./output/closed-pipe.ts";
import { addConsoleProducerCommand } from "./produce/console-producer.ts";
import { addProduceCommand } from "./produce/produce-command.ts";
import { addServerCommand } from "./server/command.ts";
import { addSnapshotCommand } from "./snapshot/command.ts";
import { addTopicCommand } from "./topics/topic-command.ts";
import { addTopicsCommand } from "./topics/topics-command.ts";
import { addVerifyLogCommand } from "./verify-log/command.ts";

/** All commands with their flags. What a command does is loaded when it runs, so that every start is quick. */
export function createProgram(): Command {
  const program = new Command("ottla")
    .description("A Kafka you can npx: server, console and tools in one program.")
    .option("-V, --version", "print the version")
    .helpCommand(false)
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => writeQuietly(process.stdout, text),
      writeErr: (text) => writeQuietly(process.stderr, text),
      outputError: (text, write) => write(oneLine(text)),
    });
  program.commandsGroup("Server:");
  addServerCommand(program);
  program.commandsGroup("Short forms:");
  addTopicCommand(program);
  addProduceCommand(program);
  addConsumeCommand(program);
  addGroupCommand(program);
  addSnapshotCommand(program);
  program.commandsGroup("With the flags of Kafka's scripts:");
  addTopicsCommand(program);
  addConsoleProducerCommand(program);
  addConsoleConsumerCommand(program);
  addConsumerGroupsCommand(program);
  addGetOffsetsCommand(program);
  addLogDirsCommand(program);
  addDeleteRecordsCommand(program);
  addDumpLogCommand(program);
  program.commandsGroup("Data directories:");
  addAdoptCommand(program);
  addVerifyLogCommand(program);
  program.addHelpText("after", EXAMPLES);
  for (const command of allCommands(program)) command.showHelpAfterError(hintFor(command));
  return program;
}

const EXAMPLES = `
Examples:
  ottla                                            start a broker on 127.0.0.1:9092
  echo hello | ottla produce greetings
  ottla consume greetings -o beginning -e
  ottla topic list --output json

OTTLA_BOOTSTRAP_SERVER names the broker for all commands; -b wins over it.`;

/** What is said after a wrong flag. */
export function hintFor(command: Command): string {
  const names: string[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) names.unshift(one.name());
  return `       "${names.join(" ")} --help" shows the options and examples`;
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function oneLine(text: string): string {
  return `${text
    .trim()
    .replace(/^error: /, "ottla: ")
    .replace(/\s*\n\s*/g, " ")}\n`;
}
