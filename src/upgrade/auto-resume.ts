import { AUTO_RESUME_LIMIT, AUTO_RESUMES_FACT, autoResumesOf, autoResumesText } from "../core/auto-resumes.js";
import type { VersionState } from "../core/version-state.js";
import { readFact, replaceFact } from "../store/facts.js";
import type { Store } from "../store/store.js";
import { whileBusy } from "../store/tables.js";
import { NODE } from "./audit.js";
import type { StartedRun } from "./run-requests.js";
import type { UpgradeContext } from "./context.js";
import type { Upgrader } from "./upgrader.js";

/**
 * Goes on with an interrupted run unasked, `AUTO_RESUME_LIMIT` times at most for one run. Null: it has been tried as often as it
 * may, or another node is at it. Throws what `resume` does.
 */
export async function autoResume({ store, logger }: UpgradeContext, upgrader: Upgrader, state: VersionState): Promise<StartedRun | null> {
  const { run, autoResumes = 0 } = state;
  if (!run || autoResumes >= AUTO_RESUME_LIMIT) return null;
  // Counted before: a process that dies of the run must not forget that it has tried.
  const times = autoResumes + 1;
  if (!(await count(store, run.id, autoResumes))) return null;
  try {
    const resumed = await upgrader.resume({ by: NODE });
    logger.info(`upgate: goes on with the interrupted run ${run.id} by itself (${times} of ${AUTO_RESUME_LIMIT} times).`);
    return resumed;
  } catch (error) {
    await takeBack(store, run.id);
    throw error;
  }
}

/** False: another node has counted since this one has read the state. */
async function count({ knex }: Store, runId: string, before: number): Promise<boolean> {
  const seen = await readFact(knex, AUTO_RESUMES_FACT);
  if (autoResumesOf(seen, runId) !== before) return false;
  return whileBusy(() => replaceFact(knex, AUTO_RESUMES_FACT, seen, autoResumesText(runId, before + 1)));
}

/** It has not come to a try. Others may have counted theirs meanwhile: those stay. */
async function takeBack({ knex }: Store, runId: string): Promise<void> {
  for (;;) {
    const seen = await readFact(knex, AUTO_RESUMES_FACT);
    const times = autoResumesOf(seen, runId);
    if (times === 0) return;
    if (await whileBusy(() => replaceFact(knex, AUTO_RESUMES_FACT, seen, autoResumesText(runId, times - 1)))) return;
  }
}
