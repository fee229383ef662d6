import { type RunError, UNSTARTED_PHASES } from "../core/run.js";
import { readHistory } from "../store/history.js";
import { releaseLease, takeLease } from "../store/lease.js";
import { insertDraft, readRun, updateRun } from "../store/runs.js";
import { whileBusy } from "../store/tables.js";
import type { UpgradeContext } from "./context.js";
import { processIdentity } from "./process-identity.js";
import type { ReadState } from "./state-reader.js";

/**
 * A run whose process died before its first statement has changed nothing: it aborts by itself, and what the operator had
 * agreed to goes over to a new draft. Of several nodes the one that gets the abandoned lease does it. True when it did.
 */
export async function abortUnstarted({ store, logger }: UpgradeContext, { state, lease }: ReadState): Promise<boolean> {
  const { run } = state;
  if (state.kind !== "interrupted" || !run || !lease || !UNSTARTED_PHASES.includes(run.phase) || run.kind === "restore") return false;
  const { knex, clock } = store;
  if ((await readHistory(knex)).some((entry) => entry.runId === run.id)) return false;
  const taken = await whileBusy(() => takeLease(knex, lease, processIdentity(), clock.timestamp()));
  if (!taken) return false;
  try {
    const now = clock.timestamp();
    await whileBusy(() =>
      knex.transaction(async (trx) => {
        const draft = await readRun(trx, run.id);
        if (!draft || !(await updateRun(trx, run.id, "running", { status: "aborted", phase: "done", active: false, finishedAt: now })))
          return;
        const { kind, goal, fromVersion, toVersion, licenseAcceptedAt, licenseHash, reviewedAt } = draft;
        const id = await insertDraft(trx, { kind, fromVersion, toVersion, licenseAcceptedAt, licenseHash, reviewedAt, createdAt: now });
        if (goal === "backup" || goal === "rehearsal") await updateRun(trx, id, "draft", { error: terminated(goal) });
      }),
    );
  } finally {
    await whileBusy(() => releaseLease(knex, taken.token));
  }
  logger.warn(`upgate: the run ${run.id} was terminated before it changed anything; it has been aborted.`);
  return true;
}

/** What was prepared is to be begun again; who waits for it has to be told. */
function terminated(goal: "backup" | "rehearsal"): RunError {
  const code = goal === "backup" ? "ERR_UPGATE_BACKUP_FAILED" : "ERR_UPGATE_REHEARSAL_FAILED";
  const message = `The ${goal} was interrupted: its process was terminated. Nothing has been changed.`;
  return { code, message, remedy: "Begin it again.", migration: null };
}
