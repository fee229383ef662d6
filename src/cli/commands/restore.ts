import type { Command } from "commander";
import type { BackupManifest } from "../../core/backup.js";
import { UpgateError } from "../../core/errors.js";
import { sizeOf } from "../../core/size.js";
import { chooseBackup } from "../../upgrade/restore-start.js";
import { carryOutAbandoned } from "../carry-out.js";
import { moment } from "../columns.js";
import { drainOf, drainOption, type DrainOptions } from "../drain.js";
import { EXIT } from "../exit-codes.js";
import { operator } from "../operator.js";
import { type Session, verb, withSession } from "../verb.js";

interface RestoreVerbOptions extends DrainOptions {
  readonly yes?: boolean;
}

/** `upgate restore` and `upgate backup restore` are one. */
export function restoreCommand(): Command {
  return verb("restore", "bring the database back to what a backup of upgate's holds; the site is closed meanwhile", {
    examples: [
      ["upgate restore", "the backup that was made for the upgrade that has failed, else the newest one; asks first"],
      ["upgate restore 20261123T065000-9f2c4e1a --yes", "that one, without a question"],
    ],
    exitCodes: [
      [EXIT.done, "the database is what it was then"],
      [EXIT.error, "nothing was changed: no such backup, or nobody said yes"],
      [EXIT.failed, "the backup is damaged, and nothing was changed; or the restore failed: remove the cause, then upgate retry"],
      [EXIT.held, "another process holds the upgrade, or has taken it over"],
      [EXIT.stopped, "stopped by Ctrl-C: go on with upgate resume"],
    ],
  })
    .argument("[id]", "the backup; see upgate backup list")
    .option("-y, --yes", "no question: what was written since the backup may be lost")
    .addOption(drainOption())
    .action(withSession(restore));
}

async function restore(session: Session, id: string | undefined, { yes = false, ...options }: RestoreVerbOptions): Promise<number> {
  const { context, upgrader, terminal } = session;
  const manifest = await chooseBackup(context, id);
  if (!yes) {
    terminal.say(describeRestore(manifest));
    if (!(await terminal.confirm("Restore it? Everything written since then will be lost.")))
      throw new UpgateError("ERR_UPGATE_UNCONFIRMED", "Nothing was changed.", { remedy: "Run the command again when you are ready." });
  }
  const confirmation = { address: "cli" };
  return carryOutAbandoned(session, (signal) =>
    upgrader.restore({ backup: manifest.id, confirmation, by: operator(), where: "here", signal, ...drainOf(options) }),
  );
}

function describeRestore({ id, takenAt, version, bytes, tables, rows, runId }: BackupManifest): string {
  const much = `${sizeOf(bytes)}, ${tables.length} tables${rows === null ? "" : `, ${rows.toLocaleString("en-US")} rows`}`;
  const closed = runId === null ? " The site may have been open then." : " The site was closed then, for the upgrade.";
  return `Backup ${id}: taken on ${moment(takenAt)} UTC, release ${version ?? "unknown"}, ${much}.${closed}`;
}
