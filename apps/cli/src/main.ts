import { Command } from "commander";
import { addServerCommand } from "./server/command.ts";

const program = new Command("ottla").description("A Kafka you can npx.").showSuggestionAfterError().showHelpAfterError("(--help shows the options)");

addServerCommand(program);
await program.parseAsync();
