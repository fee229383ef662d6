import { randomUUID } from "node:crypto";
import type { Knex } from "knex";

export interface AuditEntry {
  readonly happenedAt: string;
  /** `start`, `resume`, `retry`, `seal`, `key-failed`, … */
  readonly event: string;
  readonly address: string;
  readonly sessionId: string | null;
  readonly detail: string | null;
}

export async function appendAudit(knex: Knex, entry: AuditEntry): Promise<void> {
  await knex("upgate_audit").insert({
    id: randomUUID(),
    happened_at: entry.happenedAt,
    event: entry.event,
    address: entry.address.slice(0, 64),
    session_id: entry.sessionId,
    detail: entry.detail,
  });
}
