import { backupToolCheck } from "../backup/tool-check.js";
import type { BackupManifest } from "../core/backup.js";
import type { Check } from "../core/check.js";
import { isUpgateError } from "../core/errors.js";
import type { BackupClaim } from "../core/run.js";
import { sizeOf } from "../core/size.js";
import { orAbsent } from "../store/driver-errors.js";
import { readLatestRuns } from "../store/runs.js";
import { Backups } from "./backups.js";
import type { UpgradeContext } from "./context.js";

/** Whether upgate could make a backup now: its programs, and the room for it. */
export async function backupToolsCheck({ settings, store }: UpgradeContext): Promise<Check> {
  const { backup, mode } = settings.options;
  if (backup.driver)
    return {
      id: "backup-tool",
      title: "Backup program",
      severity: "ok",
      message: `The application's own: ${backup.driver.name}.`,
      remedy: null,
    };
  const check = await backupToolCheck(store.knex, store.dialect, backup.tool);
  // Whoever makes the backup himself needs none; an upgrade that nobody watches does.
  return check.severity === "danger" && !(mode === "auto" && backup.automatic) ? { ...check, severity: "warning" } : check;
}

export async function backupSpaceCheck(context: UpgradeContext): Promise<Check> {
  const common = { id: "backup-space", title: "Room for a backup" };
  try {
    const bytes = await new Backups(context).foresee();
    return { ...common, severity: "ok", message: `Enough; the database has about ${sizeOf(bytes)}.`, remedy: null };
  } catch (error) {
    if (isUpgateError(error, "ERR_UPGATE_BACKUP_SPACE"))
      return { ...common, severity: "warning", message: error.message, remedy: error.remedy };
    if (isUpgateError(error))
      return { ...common, severity: "info", message: "Not looked at: upgate can't make a backup here.", remedy: null };
    throw error;
  }
}

/** The newest of upgate's own on this machine, else the word of an operator. */
export async function lastBackupCheck(context: UpgradeContext): Promise<Check> {
  const newest = new Backups(context).folder.list().find(({ manifest }) => manifest !== null)?.manifest ?? null;
  const runs = await orAbsent(() => readLatestRuns(context.store.knex, 20), []);
  const claim = runs.find(({ backup, kind }) => kind !== "restore" && backup !== null)?.backup ?? null;
  if (newest && (claim === null || claim.kind === "made" || newest.takenAt > claim.confirmedAt)) return madeCheck(newest);
  return claim ? claimCheck(claim) : { ...LAST, severity: "info", message: "upgate knows of none.", remedy: OWN_CARE };
}

const LAST = { id: "backup", title: "Last backup" };
const OWN_CARE = "Make sure that your host or your own tools back up the database.";

function madeCheck({ id, takenAt, bytes, proof }: BackupManifest): Check {
  const about = `${id}, taken ${moment(takenAt)}, ${sizeOf(bytes)}`;
  if (proof?.how === "restored")
    return { ...LAST, severity: "ok", message: `${about}; proven on ${moment(proof.at)} by restoring it.`, remedy: null };
  if (proof?.how === "read")
    return { ...LAST, severity: "info", message: `${about}; read to its end on ${moment(proof.at)}, not restored.`, remedy: null };
  return { ...LAST, severity: "warning", message: `${about}; not proven.`, remedy: `Run: upgate backup verify ${id}` };
}

function claimCheck({ kind, confirmedAt, address, made }: BackupClaim): Check {
  if (made) {
    const message = `${made.id}, taken ${moment(made.takenAt)}, ${sizeOf(made.bytes)}; it lies on ${made.host}.`;
    return { ...LAST, severity: made.proof === "restored" ? "ok" : "info", message, remedy: null };
  }
  if (kind === "own") {
    const message = `A backup of the operator's own was confirmed on ${moment(confirmedAt)}, by ${address}; upgate has not seen it.`;
    return { ...LAST, severity: "info", message, remedy: null };
  }
  return { ...LAST, severity: "info", message: "The last upgrade went without a backup of upgate's.", remedy: OWN_CARE };
}

function moment(timestamp: string): string {
  return `${timestamp.slice(0, 16).replace("T", " ")} UTC`;
}
