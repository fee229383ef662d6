import { UpgateError } from "../core/errors.js";
import type { HistoryEntry } from "../core/migration.js";
import type { BackupClaim, Run, RunKind } from "../core/run.js";
import { compareVersions } from "../core/version.js";
import type { VersionState } from "../core/version-state.js";
import { isDuplicate } from "../store/driver-errors.js";
import { insertDraft, readActiveRun, type RunChange, updateRun } from "../store/runs.js";
import type { Store } from "../store/store.js";
import { ensureTables, whileBusy } from "../store/tables.js";
import type { StartBackup } from "./run-requests.js";

/** The operator's draft for the versions of the state, made when there is none; a draft for other versions is aborted. */
export async function openDraft(store: Store, state: VersionState): Promise<Run> {
  const { knex, clock } = store;
  const kind = startableKind(state);
  await ensureTables(store);
  const active = await readActiveRun(knex);
  if (active?.status === "draft") {
    if (active.toVersion === state.codeVersion && active.fromVersion === state.installedVersion) return active;
    const finishedAt = clock.timestamp();
    await whileBusy(() => updateRun(knex, active.id, "draft", { status: "aborted", active: false, finishedAt }));
  } else if (active?.status === "completed") {
    // It held the site of another release.
    await whileBusy(() => updateRun(knex, active.id, "completed", OPENED));
  } else if (active) {
    throw notNow(state);
  }
  const draft = { kind, fromVersion: state.installedVersion, toVersion: state.codeVersion, createdAt: clock.timestamp() };
  try {
    await whileBusy(() => insertDraft(knex, draft));
  } catch (error) {
    // Another browser's draft is as good.
    if (!isDuplicate(error)) throw error;
  }
  return (await readActiveRun(knex)) ?? openDraft(store, state);
}

export async function changeDraft(store: Store, state: VersionState, change: RunChange): Promise<void> {
  const draft = await openDraft(store, state);
  const changed = await whileBusy(() => updateRun(store.knex, draft.id, "draft", change));
  if (!changed) throw new UpgateError("ERR_UPGATE_STATE", "The upgrade has been started meanwhile.");
}

/** What makes of a run that holds the site one that is over. */
export const OPENED = { phase: "done", active: false } as const;

/** What makes of a draft that keeps the site closed one that does not. Its backup stays on the disk. */
export const GIVEN_UP = { ...OPENED, status: "aborted" } as const;

/** Throws `ERR_UPGATE_STATE` when the backup that is named was not made for this draft, or the site has been open since. */
export function claimOf({ address, session, ...backup }: StartBackup, draft: Run, confirmedAt: string): BackupClaim {
  const confirmed = { address, confirmedAt, ...(session === undefined ? {} : { session }) };
  if (backup.kind !== "made") return { kind: backup.kind, ...confirmed };
  const made = draft.phase === "ready" ? draft.backup?.made : undefined;
  if (made === undefined || made.id !== backup.id)
    throw new UpgateError("ERR_UPGATE_STATE", `The backup ${backup.id} was not made for this upgrade, or the site has been open since.`, {
      remedy: "Make a new backup, then start the upgrade.",
    });
  return { kind: "made", ...confirmed, made };
}

/** Throws `ERR_UPGATE_STATE` when there is nothing to start. */
export function startableKind(state: VersionState): RunKind {
  if (state.kind === "fresh") return "install";
  if (state.kind === "behind") return "upgrade";
  throw notNow(state);
}

export function notNow(state: VersionState): UpgateError {
  return new UpgateError("ERR_UPGATE_STATE", state.reason, { remedy: state.remedy });
}

/** Older files can't go on from what later migrations have begun: they would write their own version over it. */
export function refuseOlder(run: Run, { codeVersion }: VersionState, history: readonly HistoryEntry[]): void {
  if (!history.some(({ version }) => compareVersions(version, codeVersion) > 0)) return;
  throw new UpgateError(
    "ERR_UPGATE_STATE",
    `The run to ${run.toVersion} has begun to change the database; the files are older: ${codeVersion}.`,
    {
      remedy: `Upload release ${run.toVersion} or later, or restore a backup of release ${codeVersion}.`,
    },
  );
}
