import { randomUUID } from "node:crypto";
import type { Knex } from "knex";

export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly happenedAt: string;
  /** `start`, `resume`, `retry`, `seal`, `key-failed`, … */
  readonly event: string;
  /** Of the browser; of the command line the account's name at the operating system. */
  readonly address: string;
  /** The wizard's session, `cli`, or null. */
  readonly sessionId: string | null;
  readonly detail: string | null;
}

interface AuditRow {
  id: string;
  happened_at: string;
  event: string;
  address: string;
  session_id: string | null;
  detail: string | null;
}

/** A message about a run that nobody took. Its detail: the run's id, the channel and why, with ": " between. */
export const NOTIFICATION_FAILED = "notification-failed";

/** The newest rows that are kept. */
export const AUDIT_ROWS = 10_000;
/** Of these, entries that anybody may cause without a key: they must not push the others out. */
export const AUDIT_REFUSAL_ROWS = 2000;
const PRUNED_AT_ONCE = 500;

export async function appendAudit(knex: Knex, entry: AuditEntry): Promise<void> {
  await knex<AuditRow>("upgate_audit").insert({
    id: randomUUID(),
    happened_at: entry.happenedAt,
    event: entry.event,
    address: entry.address.slice(0, 64),
    session_id: entry.sessionId,
    detail: entry.detail,
  });
}

/** Newest first. */
export async function readAudit(knex: Knex, limit: number): Promise<AuditEntry[]> {
  const rows = await knex<AuditRow>("upgate_audit").orderBy("happened_at", "desc").orderBy("id").limit(limit).select();
  return rows.map(fromRow);
}

/** Entries whose detail is the id of one of these runs, and the messages about any that nobody took. Oldest first, the newest 1,000. */
export async function readRunAudit(knex: Knex, runIds: readonly string[]): Promise<AuditEntry[]> {
  if (runIds.length === 0) return [];
  const rows = await knex<AuditRow>("upgate_audit")
    .where((either) => void either.whereIn("detail", runIds).orWhere({ event: NOTIFICATION_FAILED }))
    .orderBy("happened_at", "desc")
    .orderBy("id")
    .limit(MOST_OF_RUNS)
    .select();
  return rows.map(fromRow).toReversed();
}

const MOST_OF_RUNS = 1000;

function fromRow(row: AuditRow): AuditEntry {
  return { happenedAt: row.happened_at, event: row.event, address: row.address, sessionId: row.session_id, detail: row.detail };
}

/** Removes what is beyond `AUDIT_ROWS`, oldest first; of `refusals` (events) what is beyond `AUDIT_REFUSAL_ROWS`. */
export async function pruneAudit(knex: Knex, refusals: readonly string[]): Promise<void> {
  const rows = knex<AuditRow>("upgate_audit").orderBy("happened_at", "desc").orderBy("id").limit(PRUNED_AT_ONCE);
  await deleteRows(knex, await rows.clone().whereIn("event", refusals).offset(AUDIT_REFUSAL_ROWS).pluck("id"));
  await deleteRows(knex, await rows.clone().offset(AUDIT_ROWS).pluck("id"));
}

async function deleteRows(knex: Knex, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await knex<AuditRow>("upgate_audit").whereIn("id", ids).delete();
}
