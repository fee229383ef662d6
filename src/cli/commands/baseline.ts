import { Command } from "commander";
import { openContext } from "../../upgrade/open-context.js";
import { resolveSettings } from "../../upgrade/settings.js";
import { Upgrader } from "../../upgrade/upgrader.js";
import { loadConfig } from "../load-config.js";

/** Exit codes: 0 written down, 1 refused. */
export function baselineCommand(): Command {
  return new Command("baseline")
    .description("write down which release an application that is new to upgate has installed; runs no migration")
    .argument("<version>", "the installed release, e.g. 8.5.0")
    .option("-c, --config <file>", "the configuration file")
    .action(baseline);
}

async function baseline(version: string, { config }: { readonly config?: string }): Promise<void> {
  const context = openContext(resolveSettings(await loadConfig(config)));
  try {
    const names = await new Upgrader(context).baseline(version);
    console.log(`The database is at release ${version}; ${names.length} migrations count as applied.`);
  } finally {
    await context.store.close();
  }
}
