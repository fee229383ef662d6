import type { BackupManifest } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import type { BackupClaim, Run } from "../core/run.js";
import type { VersionState } from "../core/version-state.js";
import { insertDraft, readActiveRun, readLatestRuns, readRun, updateRun } from "../store/runs.js";
import { whileBusy } from "../store/tables.js";
import type { Confirmation } from "./run-requests.js";
import { Backups, madeBackup, newestBackup } from "./backups.js";
import type { UpgradeContext } from "./context.js";
import { GIVEN_UP, OPENED } from "./drafts.js";
import { saveReport } from "./report.js";

/** Throws `ERR_UPGATE_NO_BACKUP_DRIVER` for what only the host's own tools can bring back. */
export function refuseUnrestorable({ settings }: UpgradeContext, { id, driver, reference }: BackupManifest): void {
  const own = settings.options.backup.driver;
  if (own?.name !== driver || own.restore) return;
  throw new UpgateError("ERR_UPGATE_NO_BACKUP_DRIVER", `The driver ${driver} makes backups, and can't restore them.`, {
    remedy: `Restore ${id} by hand: ${driver} calls it ${String(reference)}. Nothing has been changed.`,
  });
}

/** Throws `ERR_UPGATE_BACKUP_UNKNOWN` when there is none, or when the one that the failed run has made lies on another machine. */
export async function chooseBackup(context: UpgradeContext, id: string | undefined): Promise<BackupManifest> {
  const { folder } = new Backups(context);
  if (id !== undefined) return folder.read(id);
  const active = await readActiveRun(context.store.knex);
  const made = active?.backup?.made;
  if (made) {
    try {
      return folder.read(made.id);
    } catch (cause) {
      throw new UpgateError("ERR_UPGATE_BACKUP_UNKNOWN", `The backup ${made.id} is not in this data folder; it was made on ${made.host}.`, {
        cause,
        remedy: `Restore it there, or copy its folder from there to ${folder.path}.`,
      });
    }
  }
  return newestBackup(folder);
}

/**
 * A draft of the run that restores, in the place of the one that was active. That one lives on in the history and in a report that is saved
 * before anything is restored. The caller holds the lease.
 */
export async function beginRestore(
  context: UpgradeContext,
  state: VersionState,
  manifest: BackupManifest,
  confirmation: Confirmation,
): Promise<Run> {
  const { store } = context;
  const now = store.clock.timestamp();
  const active = await readActiveRun(store.knex);
  if (active && active.status !== "draft") await saveReport(context, state);
  const toVersion = manifest.version ?? "no version";
  const fromVersion = active && active.status !== "draft" ? active.toVersion : await undoneVersion(context, state);
  const backup: BackupClaim = { kind: "made", confirmedAt: now, ...confirmation, made: madeBackup(manifest) };
  const plan = manifest.tables.map(({ name }) => ({ name, version: toVersion }));
  const id = await whileBusy(() =>
    store.knex.transaction(async (trx) => {
      if (active) await updateRun(trx, active.id, active.status, ended(active, now));
      const draft = await insertDraft(trx, { kind: "restore", fromVersion, toVersion, createdAt: now });
      await updateRun(trx, draft, "draft", { backup, plan });
      return draft;
    }),
  );
  return (await readRun(store.knex, id)) as Run;
}

/** A second restore undoes what the first one did. */
async function undoneVersion({ store }: UpgradeContext, { installedVersion }: VersionState): Promise<string | null> {
  const [last] = await readLatestRuns(store.knex, 1);
  return last?.kind === "restore" ? last.fromVersion : installedVersion;
}

/** A failed run stays one; one whose process died is told to have been superseded. */
function ended({ status }: Run, finishedAt: string): Parameters<typeof updateRun>[3] {
  switch (status) {
    case "draft":
      return { ...GIVEN_UP, finishedAt };
    case "completed":
      return OPENED;
    case "running":
      return { ...OPENED, status: "superseded", finishedAt };
    default:
      return OPENED;
  }
}
