import type { Run, RunError, RunKind } from "../core/run.js";
import type { VersionState } from "../core/version-state.js";
import { type AppliedMigration, readAppliedOf } from "../store/applied.js";
import { type AuditEntry, readRunAudit } from "../store/audit.js";
import { orAbsent } from "../store/driver-errors.js";
import { readLatestRuns } from "../store/runs.js";
import type { UpgradeContext } from "./context.js";

/** One run that was started, as System Health shows it. */
export interface HealthRun {
  readonly id: string;
  readonly kind: RunKind;
  readonly from: string | null;
  readonly to: string;
  /** `interrupted` is derived: running, but its process is gone. */
  readonly status: Run["status"] | "interrupted";
  /** ISO 8601, UTC. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  /** Whose word it was; null: it is not known any more. */
  readonly startedBy: { readonly address: string; readonly via: "wizard" | "cli" | "node" | "host" } | null;
  /** How often it was taken up again after that. */
  readonly attempts: number;
  readonly backup: { readonly kind: "own" | "none" | "wanted" | "made"; readonly id: string | null; readonly proof: string | null } | null;
  readonly ignoredChecks: readonly string[];
  readonly passedOver: readonly string[];
  readonly error: Pick<RunError, "code" | "message" | "migration"> | null;
  /** That it applied, in order, 100 at most. */
  readonly migrations: readonly { readonly name: string; readonly ms: number | null; readonly statements: number | null }[];
  /** How many migrations, or tables of a restore, it planned. */
  readonly planned: number;
}

const MOST_RUNS = 10;
const MOST_MIGRATIONS = 100;

/** The last ten, newest first. Reads only; absent tables count as empty. */
export async function readHealthRuns({ store: { knex } }: UpgradeContext, state: VersionState): Promise<HealthRun[]> {
  const runs = await orAbsent(() => readLatestRuns(knex, MOST_RUNS), []);
  const ids = runs.map(({ id }) => id);
  const [audit, applied] = await Promise.all([
    orAbsent(() => readRunAudit(knex, ids), []),
    orAbsent(() => readAppliedOf(knex, ids, MOST_RUNS * MOST_MIGRATIONS), []),
  ]);
  return runs.map((run) =>
    healthRun(
      run,
      state,
      audit.filter(({ detail }) => detail === run.id),
      applied.filter(({ runId }) => runId === run.id),
    ),
  );
}

function healthRun(run: Run, { kind }: VersionState, audit: readonly AuditEntry[], applied: readonly AppliedMigration[]): HealthRun {
  const { id, fromVersion, toVersion, startedAt, finishedAt, backup, error } = run;
  return {
    id,
    kind: run.kind,
    from: fromVersion,
    to: toVersion,
    status: run.status === "running" && kind === "interrupted" ? "interrupted" : run.status,
    startedAt,
    finishedAt,
    durationMs: startedAt && finishedAt ? Date.parse(finishedAt) - Date.parse(startedAt) : null,
    startedBy: startedBy(audit.find(({ event }) => event === "start" || event === "restore")),
    attempts: audit.filter(({ event }) => event === "retry" || event === "resume").length,
    backup: backup && { kind: backup.kind, id: backup.made?.id ?? null, proof: backup.made?.proof ?? null },
    ignoredChecks: run.ignoredChecks?.ids ?? [],
    passedOver: run.passedOver,
    error: error && { code: error.code, message: error.message, migration: error.migration },
    migrations: applied.slice(0, MOST_MIGRATIONS).map(({ name, durationMs, statements }) => ({ name, ms: durationMs, statements })),
    planned: run.plan.length,
  };
}

function startedBy(entry: AuditEntry | undefined): HealthRun["startedBy"] {
  if (!entry) return null;
  const { address, sessionId } = entry;
  if (sessionId === "cli") return { address, via: "cli" };
  return { address, via: sessionId !== null ? "wizard" : address === "auto" ? "node" : "host" };
}
