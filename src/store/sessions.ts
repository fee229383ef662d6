import type { Knex } from "knex";

/** A wizard session. Its id is the hash of the cookie's value, so that the table alone opens nothing. */
export interface WizardSession {
  readonly id: string;
  readonly address: string;
  readonly createdAt: string;
  readonly seenAt: string;
  readonly expiresAt: string;
}

interface SessionRow {
  id: string;
  address: string;
  created_at: string;
  seen_at: string;
  expires_at: string;
}

/** Unless it is there. */
export async function insertSession(knex: Knex, session: WizardSession): Promise<void> {
  const row = {
    id: session.id,
    address: session.address,
    created_at: session.createdAt,
    seen_at: session.seenAt,
    expires_at: session.expiresAt,
  };
  await knex<SessionRow>("upgate_session").insert(row).onConflict("id").ignore();
}

/** Null when unknown or expired at `now` (ISO 8601, UTC). */
export async function readSession(knex: Knex, id: string, now: string): Promise<WizardSession | null> {
  const row = await knex<SessionRow>("upgate_session").where({ id }).where("expires_at", ">", now).first();
  return row ? { id: row.id, address: row.address, createdAt: row.created_at, seenAt: row.seen_at, expiresAt: row.expires_at } : null;
}

/** Those of `ids` that are there and not expired at `now` (ISO 8601, UTC). */
export async function readOpenSessions(knex: Knex, ids: readonly string[], now: string): Promise<string[]> {
  const rows = await knex<SessionRow>("upgate_session").whereIn("id", ids).where("expires_at", ">", now).select("id");
  return rows.map(({ id }) => id);
}

export async function extendSession(knex: Knex, id: string, seenAt: string, expiresAt: string): Promise<void> {
  await knex<SessionRow>("upgate_session").where({ id }).update({ seen_at: seenAt, expires_at: expiresAt });
}

export async function deleteSession(knex: Knex, id: string): Promise<void> {
  await knex<SessionRow>("upgate_session").where({ id }).delete();
}

/** How many this call has deleted. By the primary key, so that sessions that are being opened don't wait. */
export async function deleteExpiredSessions(knex: Knex, now: string): Promise<number> {
  const ids = await knex<SessionRow>("upgate_session").where("expires_at", "<=", now).orderBy("id").pluck("id");
  return ids.length === 0 ? 0 : knex<SessionRow>("upgate_session").whereIn("id", ids).delete();
}

/** Ends all of them. */
export async function deleteSessions(knex: Knex): Promise<void> {
  await knex<SessionRow>("upgate_session").delete();
}

/** Open or expired. */
export async function hasAnySession(knex: Knex): Promise<boolean> {
  return (await knex<SessionRow>("upgate_session").first("id")) !== undefined;
}

export async function hasOpenSession(knex: Knex, now: string): Promise<boolean> {
  return (await knex<SessionRow>("upgate_session").where("expires_at", ">", now).first("id")) !== undefined;
}
