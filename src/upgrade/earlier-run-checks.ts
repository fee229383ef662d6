import type { Check } from "../core/check.js";
import { earlierRunChecks, type RunEvent } from "../core/earlier-runs.js";
import type { VersionState } from "../core/version-state.js";
import { type AuditEntry, readRunAudit } from "../store/audit.js";
import { driverMessage, orAbsent } from "../store/driver-errors.js";
import { readLatestRuns } from "../store/runs.js";
import { withinLimit } from "./attempt.js";
import type { UpgradeContext } from "./context.js";

/** How far back is looked for the last run that completed. */
const MOST_RUNS = 20;
const LIMIT_MS = 5000;

/** See `earlierRunChecks`. Reads only; absent tables count as empty. Never rejects. */
export async function readEarlierRunChecks({ store }: UpgradeContext, state: VersionState): Promise<Check[]> {
  try {
    return await withinLimit(async () => {
      const runs = await orAbsent(() => readLatestRuns(store.knex, MOST_RUNS), []);
      const ids = runs.map(({ id }) => id);
      const entries = await orAbsent(() => readRunAudit(store.knex, ids), []);
      return earlierRunChecks(runs, entries.map(runEventOf), state.run?.id ?? null);
    }, LIMIT_MS);
  } catch (error) {
    const message = `Could not be checked: ${driverMessage(error)}`;
    return [{ id: "earlier-runs", title: "Earlier runs", severity: "warning", message, remedy: null }];
  }
}

function runEventOf({ event, detail }: AuditEntry): RunEvent {
  const [runId = "", ...rest] = (detail ?? "").split(": ");
  return { runId, event, detail: rest.length === 0 ? null : rest.join(": ") };
}
