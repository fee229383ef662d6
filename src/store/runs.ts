import { randomBytes } from "node:crypto";
import type { Knex } from "knex";
import type { BackupClaim, IgnoredChecks, Run, RunDrain, RunError, RunGoal, RunKind, RunPhase, RunStatus } from "../core/run.js";
import { PROTOCOL } from "./tables.js";

interface RunRow {
  id: string;
  kind: RunKind;
  from_version: string | null;
  to_version: string;
  status: RunStatus;
  goal: RunGoal;
  phase: RunPhase;
  epoch: number;
  drain: RunDrain;
  hold: number;
  active: 1 | null;
  license_accepted_at: string | null;
  license_hash: string | null;
  reviewed_at: string | null;
  backup: string | null;
  ignored_checks: string | null;
  plan: string;
  error: string | null;
  passed_over: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  protocol: number;
}

type NewRun = Pick<Run, "kind" | "fromVersion" | "toVersion" | "createdAt"> &
  Partial<Pick<Run, "licenseAcceptedAt" | "licenseHash" | "reviewedAt">>;

export interface RunChange {
  readonly status?: RunStatus;
  readonly goal?: RunGoal;
  readonly phase?: RunPhase;
  readonly epoch?: number;
  readonly drain?: RunDrain;
  readonly hold?: boolean;
  readonly active?: boolean;
  readonly licenseAcceptedAt?: string;
  readonly licenseHash?: string;
  readonly reviewedAt?: string;
  readonly backup?: BackupClaim;
  readonly ignoredChecks?: IgnoredChecks | null;
  readonly plan?: Run["plan"];
  readonly error?: RunError | null;
  readonly passedOver?: readonly string[];
  readonly startedAt?: string | null;
  readonly finishedAt?: string | null;
}

/** Inserts a draft as the one active run. Rejects with a duplicate-key error when there is an active run already. */
export async function insertDraft(knex: Knex, draft: NewRun): Promise<string> {
  const id = newRunId(draft.createdAt);
  await knex<RunRow>("upgate_run").insert({
    id,
    kind: draft.kind,
    from_version: draft.fromVersion,
    to_version: draft.toVersion,
    status: "draft",
    goal: "upgrade",
    phase: "starting",
    epoch: 0,
    drain: "wait",
    hold: 0,
    active: 1,
    license_accepted_at: draft.licenseAcceptedAt ?? null,
    license_hash: draft.licenseHash ?? null,
    reviewed_at: draft.reviewedAt ?? null,
    plan: "[]",
    created_at: draft.createdAt,
    protocol: PROTOCOL,
  });
  return id;
}

/** Applies the change when the run still has the status that the caller saw; false when it has not. */
export async function updateRun(knex: Knex, id: string, expected: RunStatus, change: RunChange): Promise<boolean> {
  return (await knex<RunRow>("upgate_run").where({ id, status: expected }).update(toRow(change))) > 0;
}

/** The run that is not over: a draft, running, failed, or complete and held. Null when there is none. */
export async function readActiveRun(knex: Knex): Promise<Run | null> {
  const row = await knex<RunRow>("upgate_run").where({ active: 1 }).first();
  return row ? fromRow(row) : null;
}

export async function readRun(knex: Knex, id: string): Promise<Run | null> {
  const row = await knex<RunRow>("upgate_run").where({ id }).first();
  return row ? fromRow(row) : null;
}

/** The latest runs that were really started, newest first. */
export async function readLatestRuns(knex: Knex, limit: number): Promise<Run[]> {
  const rows = await knex<RunRow>("upgate_run").whereNotNull("started_at").orderBy("started_at", "desc").limit(limit);
  return rows.map(fromRow);
}

/** Sortable by time, unique among machines: `20261122T131402-9f2c4e1a`. */
function newRunId(timestamp: string): string {
  return `${timestamp.slice(0, 19).replace(/[-:]/g, "")}-${randomBytes(4).toString("hex")}`;
}

export function fromRow(row: RunRow): Run {
  return {
    id: row.id,
    kind: row.kind,
    fromVersion: row.from_version,
    toVersion: row.to_version,
    status: row.status,
    goal: row.goal,
    phase: row.phase,
    epoch: Number(row.epoch),
    drain: row.drain,
    hold: Number(row.hold) === 1,
    licenseAcceptedAt: row.license_accepted_at,
    licenseHash: row.license_hash,
    reviewedAt: row.reviewed_at,
    backup: row.backup ? (JSON.parse(row.backup) as BackupClaim) : null,
    ignoredChecks: row.ignored_checks ? (JSON.parse(row.ignored_checks) as IgnoredChecks) : null,
    plan: JSON.parse(row.plan) as Run["plan"],
    error: row.error ? (JSON.parse(row.error) as RunError) : null,
    passedOver: row.passed_over ? (JSON.parse(row.passed_over) as string[]) : [],
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

function toRow(change: RunChange): Partial<RunRow> {
  const row: Record<string, unknown> = {
    status: change.status,
    goal: change.goal,
    phase: change.phase,
    epoch: change.epoch,
    drain: change.drain,
    hold: change.hold === undefined ? undefined : Number(change.hold),
    active: change.active === undefined ? undefined : change.active ? 1 : null,
    license_accepted_at: change.licenseAcceptedAt,
    license_hash: change.licenseHash,
    reviewed_at: change.reviewedAt,
    backup: change.backup && JSON.stringify(change.backup),
    ignored_checks: change.ignoredChecks && JSON.stringify(change.ignoredChecks),
    plan: change.plan && JSON.stringify(change.plan),
    error: change.error && JSON.stringify(change.error),
    passed_over: change.passedOver && JSON.stringify(change.passedOver),
    started_at: change.startedAt,
    finished_at: change.finishedAt,
  };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as Partial<RunRow>;
}
