#!/usr/bin/env node
import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { isUpgateError, messageOf, type UpgateError } from "../core/errors.js";
import { auditCommand } from "./commands/audit.js";
import { backupCommand } from "./commands/backup.js";
import { baselineCommand } from "./commands/baseline.js";
import { doctorCommand } from "./commands/doctor.js";
import { feedCommand } from "./commands/feed.js";
import { historyCommand } from "./commands/history.js";
import { initCommand } from "./commands/init.js";
import { keyCommand } from "./commands/key.js";
import { makeCommand } from "./commands/make.js";
import { notifyCommand } from "./commands/notify.js";
import { openCommand } from "./commands/open.js";
import { planCommand } from "./commands/plan.js";
import { rehearseCommand } from "./commands/rehearse.js";
import { repairCommand } from "./commands/repair.js";
import { reportCommand } from "./commands/report.js";
import { restoreCommand } from "./commands/restore.js";
import { resumeCommand } from "./commands/resume.js";
import { retryCommand } from "./commands/retry.js";
import { sealCommand } from "./commands/seal.js";
import { statusCommand } from "./commands/status.js";
import { templatesCommand } from "./commands/templates.js";
import { unlockCommand } from "./commands/unlock.js";
import { upCommand } from "./commands/up.js";
import { EXIT, type ExitCode } from "./exit-codes.js";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

// The reader of a pipe has enough (`upgate history | head -1`), or the terminal is gone: an upgrade goes on unheard.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}

const program = new Command("upgate")
  .description("Upgrades a self-hosted application and its database.")
  .version(version)
  .showHelpAfterError("(upgate help <verb> shows the options and examples)");
const commands = [
  initCommand(),
  statusCommand(),
  planCommand(),
  rehearseCommand(),
  upCommand(),
  resumeCommand(),
  retryCommand(),
  restoreCommand(),
  openCommand(),
  backupCommand(),
  unlockCommand(),
  repairCommand(),
  reportCommand(),
  notifyCommand(),
  feedCommand(),
  keyCommand(),
  historyCommand(),
  auditCommand(),
  templatesCommand(),
  doctorCommand(),
  baselineCommand(),
  makeCommand(),
  sealCommand(),
];
for (const command of commands) {
  program.addCommand(command.copyInheritedSettings(program).exitOverride());
  for (const verb of command.commands) verb.copyInheritedSettings(program).exitOverride();
}
program.exitOverride();

const isJson = process.argv.includes("--json");

function exitCodeOf({ code }: UpgateError): ExitCode {
  switch (code) {
    case "ERR_UPGATE_LEASE_HELD":
    case "ERR_UPGATE_LEASE_LOST":
      return EXIT.held;
    case "ERR_UPGATE_IN_DOUBT":
      return EXIT.failed;
    default:
      return EXIT.error;
  }
}

function tellJson(code: string, message: string, remedy: string): void {
  process.stdout.write(`${JSON.stringify({ error: { code, message, remedy } }, null, 2)}\n`);
}

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    // commander has told people already.
    if (error.exitCode !== 0 && isJson)
      tellJson("ERR_UPGATE_OPTIONS", error.message.replace(/^error: /, ""), "upgate help <verb> shows the options and examples.");
    return;
  }
  process.exitCode = isUpgateError(error) ? exitCodeOf(error) : EXIT.error;
  const { code, message, remedy } = isUpgateError(error) ? error : { code: "ERR", message: messageOf(error), remedy: "" };
  if (isJson) tellJson(code, message, remedy);
  else process.stderr.write(`${isUpgateError(error) ? `${code}: ` : ""}${message}\n${remedy ? `${remedy}\n` : ""}`);
});
