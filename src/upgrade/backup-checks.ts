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

/** What is known of the last backup. */
export interface LastBackup {
  /** `made`: by upgate; `own`: the operator's own, which it has not seen; `none`: the last upgrade did without. */
  readonly kind: "made" | "own" | "none";
  readonly id: string | null;
  /** ISO 8601, UTC; of `own` and `none` when somebody said so. */
  readonly takenAt: string;
  readonly bytes: number | null;
  /** The release that it holds; null: not known here. */
  readonly version: string | null;
  readonly proof: "read" | "restored" | null;
  readonly provenAt: string | null;
  /** Where it lies on this machine, absolute; null: elsewhere. */
  readonly folder: string | null;
  /** The machine that it lies on; null: this one, or it is not known. */
  readonly host: string | null;
  /** Who vouches for `own`: an address. */
  readonly address: string | null;
}

/** The newest of upgate's own on this machine, else the word of an operator; null: none is known. Reads only. */
export async function readLastBackup(context: UpgradeContext): Promise<LastBackup | null> {
  const { folder } = new Backups(context);
  const newest = folder.list().find(({ manifest }) => manifest !== null)?.manifest ?? null;
  const runs = await orAbsent(() => readLatestRuns(context.store.knex, 20), []);
  const claim = runs.find(({ backup, kind }) => kind !== "restore" && backup !== null)?.backup ?? null;
  if (newest && (claim === null || claim.kind === "made" || newest.takenAt > claim.confirmedAt))
    return ofManifest(newest, folder.folderOf(newest.id));
  return claim && ofClaim(claim);
}

function ofManifest({ id, takenAt, bytes, version, proof }: BackupManifest, folder: string): LastBackup {
  const proven = { proof: proof?.how ?? null, provenAt: proof?.at ?? null };
  return { kind: "made", id, takenAt, bytes, version, ...proven, folder, host: null, address: null };
}

function ofClaim({ kind, confirmedAt, address, made }: BackupClaim): LastBackup {
  const nothing = { id: null, bytes: null, version: null, proof: null, provenAt: null, folder: null, host: null };
  if (made) {
    const { id, takenAt, bytes, proof, host } = made;
    return { ...nothing, kind: "made", id, takenAt, bytes, proof, host, address: null };
  }
  return { ...nothing, kind: kind === "own" ? "own" : "none", takenAt: confirmedAt, address: kind === "own" ? address : null };
}

export async function lastBackupCheck(context: UpgradeContext): Promise<Check> {
  const { staleAfterDays } = context.settings.options.backup;
  return judgeBackup(await readLastBackup(context), context.store.clock.timestamp(), staleAfterDays);
}

const LAST = { id: "backup", title: "Last backup" };
const OWN_CARE = "Make sure that your host or your own tools back up the database.";
const DAY_MS = 24 * 60 * 60 * 1000;

/** `staleAfterDays`: a backup of upgate's that is older is warned of; 0: none is. */
export function judgeBackup(backup: LastBackup | null, now: string, staleAfterDays: number): Check {
  if (backup === null) return { ...LAST, severity: "info", message: "upgate knows of none.", remedy: OWN_CARE };
  const { kind, takenAt, proof, id, address } = backup;
  if (kind === "own") {
    const message = `A backup of the operator's own was confirmed on ${moment(takenAt)}, by ${address}; upgate has not seen it.`;
    return { ...LAST, severity: "info", message, remedy: null };
  }
  if (kind === "none")
    return { ...LAST, severity: "info", message: "The last upgrade went without a backup of upgate's.", remedy: OWN_CARE };
  const message = describeBackup(backup);
  if (proof === null) return { ...LAST, severity: "warning", message, remedy: `Run: upgate backup verify ${id}` };
  const days = Math.floor((Date.parse(now) - Date.parse(takenAt)) / DAY_MS);
  if (staleAfterDays === 0 || days <= staleAfterDays)
    return { ...LAST, severity: proof === "restored" ? "ok" : "info", message, remedy: null };
  const remedy = `Run: upgate backup create. Where others back the database up, the vendor turns this off: backup.staleAfterDays, 0.`;
  return { ...LAST, severity: "warning", message: `It is ${days} days old. ${message}`, remedy };
}

function describeBackup(backup: LastBackup): string {
  const { id, takenAt, bytes, version, folder, host } = backup;
  const about = `${id}, taken ${moment(takenAt)}, ${sizeOf(bytes ?? 0)}`;
  if (folder === null) return `${about}; it lies on ${host}. ${proofElsewhere(backup)}`;
  const holds = version === null ? [] : [`It holds release ${version}.`];
  return [proofHere(about, backup), ...holds, `It lies in ${folder}.`].join(" ");
}

function proofHere(about: string, { proof, provenAt }: LastBackup): string {
  if (proof === null) return `${about}; not proven.`;
  const at = moment(provenAt ?? "");
  return proof === "restored" ? `${about}; proven on ${at} by restoring it.` : `${about}; read to its end on ${at}, not restored.`;
}

function proofElsewhere({ proof }: LastBackup): string {
  if (proof === null) return "It was not proven.";
  return proof === "restored" ? "It was proven by restoring it." : "It was read to its end, not restored.";
}

function moment(timestamp: string): string {
  return `${timestamp.slice(0, 16).replace("T", " ")} UTC`;
}
