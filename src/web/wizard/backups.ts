import { isUpgateError } from "../../core/errors.js";
import { predictedClosingSeconds, type Rehearsal } from "../../core/rehearsal.js";
import type { MadeBackup, Run, RunError } from "../../core/run.js";
import { readLatestRuns } from "../../store/runs.js";
import { Backups } from "../../upgrade/backups.js";
import type { UpgradeContext } from "../../upgrade/context.js";
import { readLatestRehearsal } from "../../upgrade/rehearsal-record.js";
import type { RunProgress } from "../../upgrade/status.js";
import type { BackupModel, RestorableModel } from "../view-models.js";

type Outlook = Pick<BackupModel, "cannotCreate" | "made" | "rehearsal" | "closingSeconds" | "rehearsalMinutes">;

/** For an empty database. */
export const NO_OUTLOOK: Outlook = { cannotCreate: null, made: null, rehearsal: null, closingSeconds: null, rehearsalMinutes: 0 };

/** What can be said about a backup and a rehearsal before either is begun. */
export async function readOutlook(context: UpgradeContext, draft: Run | null): Promise<Outlook> {
  const made = draft?.phase === "ready" ? (draft.backup?.made ?? null) : null;
  const rehearsal = await fittingRehearsal(context, draft);
  const closingSeconds = rehearsal?.status === "passed" ? predictedClosingSeconds(rehearsal) : null;
  const backups = new Backups(context);
  let cannotCreate: Outlook["cannotCreate"] = null;
  let bytes = 0;
  try {
    bytes = await backups.foresee();
  } catch (error) {
    if (!isUpgateError(error)) throw error;
    cannotCreate = { reason: error.message, remedy: error.remedy };
  }
  return { cannotCreate, made, rehearsal, closingSeconds, rehearsalMinutes: rehearsalMinutes(bytes, rehearsal) };
}

async function fittingRehearsal({ store }: UpgradeContext, draft: Run | null): Promise<Rehearsal | null> {
  const rehearsal = await readLatestRehearsal(store);
  return rehearsal && draft && rehearsal.fromVersion === draft.fromVersion && rehearsal.toVersion === draft.toVersion ? rehearsal : null;
}

/** What a small server copies in a second: written out, read, and loaded again. */
const COPIED_BYTES_A_SECOND = 5 * 1024 * 1024;

function rehearsalMinutes(bytes: number, rehearsal: Rehearsal | null): number {
  const ms = rehearsal ? rehearsal.backupMs + rehearsal.restoreMs + rehearsal.upgradeMs : (bytes / COPIED_BYTES_A_SECOND) * 1000;
  return Math.max(1, Math.ceil(ms / 60_000));
}

/** Why the last try to restore came to nothing, where the run is the one it was to undo. */
export async function readRestoreFailure({ store }: UpgradeContext, run: RunProgress | null): Promise<RunError | null> {
  const [last] = await readLatestRuns(store.knex, 1);
  return run && last?.kind === "restore" && last.id !== run.id && last.status === "failed" ? last.error : null;
}

/** The backup that was made for the run; null without one, or where it lies on another machine. */
export async function readRestorable(context: UpgradeContext, run: RunProgress | null): Promise<RestorableModel | null> {
  const made: MadeBackup | undefined = run?.kind === "restore" ? undefined : run?.backup?.made;
  if (made === undefined) return null;
  try {
    const { version, tables } = await new Backups(context).folder.read(made.id);
    return { ...made, version: version ?? "unknown", tables: tables.length };
  } catch (error) {
    if (isUpgateError(error)) return null;
    throw error;
  }
}
