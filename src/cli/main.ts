#!/usr/bin/env node
import { createRequire } from "node:module";
import { Command } from "commander";
import { isUpgateError, messageOf } from "../core/errors.js";
import { baselineCommand } from "./commands/baseline.js";
import { upCommand } from "./commands/up.js";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

const program = new Command("upgate").description("Upgrades a self-hosted application and its database.").version(version);
program.addCommand(upCommand());
program.addCommand(baselineCommand());

program.parseAsync().catch((error: unknown) => {
  console.error(isUpgateError(error) ? `${error.code}: ${error.message}\n${error.remedy}` : messageOf(error));
  process.exitCode = 1;
});
