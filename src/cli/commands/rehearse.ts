import path from "node:path";
import type { Command } from "commander";
import { predictedClosingSeconds, type Rehearsal, type RehearsedMigration } from "../../core/rehearsal.js";
import { Backups } from "../../upgrade/backups.js";
import { rehearse } from "../../upgrade/rehearsal.js";
import { recordRehearsal } from "../../upgrade/rehearsal-record.js";
import { resolveSettings, type Settings } from "../../upgrade/settings.js";
import { stoppable } from "../carry-out.js";
import { columns, duration } from "../columns.js";
import { EXIT } from "../exit-codes.js";
import { loadConfigOf } from "../load-config.js";
import { lossLines } from "../loss-lines.js";
import { type Session, verb, withSession } from "../verb.js";
import { endLine, progressLine } from "./backup.js";

interface RehearseOptions {
  readonly files?: string;
  readonly backup?: string;
}

export function rehearseCommand(): Command {
  return verb("rehearse", "try the upgrade on a copy of the database, while the site stays as it is", {
    examples: [
      ["upgate rehearse --files ../shop-8.7.0", "the new release lies there; the old one goes on serving"],
      ["upgate rehearse", "the files of this folder"],
      ["upgate rehearse --files ../shop-8.7.0 --json | jq '.rehearsal.migrations[].statements[].sql'", "the SQL it will send"],
    ],
    exitCodes: [
      [EXIT.done, "the upgrade went through on the copy"],
      [EXIT.error, "it could not be tried: no room, no scratch database, nothing to upgrade"],
      [EXIT.failed, "the upgrade fails on the copy; the real database was not changed"],
    ],
  })
    .option("--files <folder>", "the folder of the new release, with its own upgate.config file")
    .option("--backup <id>", "the copy is made of this backup (default: a new one)")
    .action(withSession(act));
}

async function act({ context, terminal }: Session, { files, backup }: RehearseOptions): Promise<number> {
  const staged = files === undefined ? context.settings : await stagedSettings(files, context.settings);
  const backups = new Backups(context);
  return stoppable(terminal.say.bind(terminal), async (signal) => {
    const work = { signal, onProgress: progressLine(terminal) };
    if (backup === undefined) terminal.say("Backing up the database …");
    const id = backup ?? (await backups.create(null, work)).id;
    endLine(terminal);
    terminal.say("Upgrading a copy of it …");
    const rehearsal = await rehearse(context, id, work, staged);
    endLine(terminal);
    await recordRehearsal(context.store, rehearsal);
    await backups.prune({}, [id]);
    terminal.result({ rehearsal, closingSeconds: predictedClosingSeconds(rehearsal) }, lines(terminal, rehearsal));
    return rehearsal.status === "passed" ? EXIT.done : EXIT.failed;
  });
}

/** The release in the folder, on this application's database: only its version, migrations and manifest count. */
async function stagedSettings(folder: string, { options }: Settings): Promise<Settings> {
  const { app, admin } = options.database;
  const database = admin === null ? app : { app, admin };
  return resolveSettings({ ...(await loadConfigOf(path.resolve(folder))), database });
}

function lines(terminal: Session["terminal"], rehearsal: Rehearsal): string[] {
  const { fromVersion, toVersion, migrations, status, error, failedStatement, backupMs, upgradeMs } = rehearsal;
  const rows = migrations.map((one) => [one.name, duration(one.ms), countOf(one), one.tables.join(", "), algorithmsOf(one)]);
  const table = columns([["migration", "time", "statements", "tables", "ALTER"], ...rows], "  ");
  if (status === "failed")
    return [
      terminal.paint("red", `The upgrade from ${fromVersion ?? "nothing"} to ${toVersion} fails on a copy of the database.`),
      error?.message ?? "",
      ...(failedStatement === null ? [] : [`  ${failedStatement}`]),
      ...table,
      "The real database was not changed. Send this to the vendor before you upgrade.",
    ];
  return [
    terminal.paint("green", `The upgrade from ${fromVersion ?? "nothing"} to ${toVersion} went through on a copy of the database.`),
    ...table,
    ...lossLines(terminal, migrations),
    `The site will be closed for about ${duration(predictedClosingSeconds(rehearsal) * 1000)}: backup ${duration(backupMs)}, upgrade ${duration(upgradeMs)}.`,
  ];
}

function countOf({ statements, leftOut }: RehearsedMigration): string {
  return String(statements.length + leftOut);
}

function algorithmsOf({ statements }: RehearsedMigration): string {
  return [...new Set(statements.flatMap(({ algorithm }) => algorithm ?? []))].join(", ");
}
