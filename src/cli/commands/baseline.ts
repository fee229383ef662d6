import type { Command } from "commander";
import { EXIT } from "../exit-codes.js";
import { type Session, verb, withSession } from "../verb.js";

interface BaselineVerbOptions {
  readonly through?: string;
}

export function baselineCommand(): Command {
  return verb("baseline", "write down which release a database that is new to upgate is at; runs no migration", {
    examples: [
      ["upgate baseline 8.5.0", "its migrations up to that release count as applied"],
      ["upgate baseline 8.5.0 --through 20240611_tax", "all migrations lie in one folder: this one was the last"],
    ],
    exitCodes: [
      [EXIT.done, "written down"],
      [EXIT.error, "refused; nothing was written"],
    ],
  })
    .argument("<version>", "the installed release, e.g. 8.5.0")
    .option("--through <migration>", "the last migration that the database has")
    .action(withSession(baseline));
}

async function baseline({ upgrader, terminal }: Session, version: string, { through }: BaselineVerbOptions): Promise<number> {
  const migrations = await upgrader.baseline(version, through === undefined ? {} : { through });
  const state = await upgrader.state();
  terminal.result({ version, migrations, state }, [
    `The database is at release ${version} now; ${migrations.length} ${migrations.length === 1 ? "migration counts" : "migrations count"} as applied.`,
    state.reason,
  ]);
  return EXIT.done;
}
