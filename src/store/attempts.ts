import type { Knex } from "knex";
import type { Store } from "./store.js";

/** One row of `upgate_attempt`: a wrong key that was entered, or one that is being looked at. */
export interface Attempt {
  readonly id: string;
  /** What it counts for: an address or its network, or what stands for all of them. Up to 64 characters. */
  readonly address: string;
  /** ISO 8601, UTC. */
  readonly attemptedAt: string;
}

interface AttemptRow {
  id: string;
  address: string;
  attempted_at: string;
}

export async function insertAttempt(knex: Knex, { id, address, attemptedAt }: Attempt): Promise<void> {
  await knex<AttemptRow>("upgate_attempt").insert({ id, address, attempted_at: attemptedAt });
}

/** Those of the address after `since` (ISO 8601, UTC), oldest first; as the primary knows them. */
export async function readAttempts({ fromPrimary }: Pick<Store, "fromPrimary">, address: string, since: string): Promise<Attempt[]> {
  const rows = await fromPrimary((knex) =>
    knex<AttemptRow>("upgate_attempt").where({ address }).where("attempted_at", ">", since).orderBy("attempted_at").select(),
  );
  return rows.map((row) => ({ id: row.id, address: row.address, attemptedAt: row.attempted_at }));
}

export async function deleteAttempts(knex: Knex, address: string): Promise<void> {
  await deleteByIds(knex, await knex<AttemptRow>("upgate_attempt").where({ address }).pluck("id"));
}

/** All that were made up to then, whosever they are. */
export async function deleteAttemptsUntil(knex: Knex, until: string): Promise<void> {
  await deleteByIds(knex, await knex<AttemptRow>("upgate_attempt").where("attempted_at", "<=", until).limit(1000).pluck("id"));
}

export async function deleteAllAttempts(knex: Knex): Promise<void> {
  await knex<AttemptRow>("upgate_attempt").delete();
}

/** By the primary key: what is looked for by another column would lock the rows of all addresses. */
export async function deleteByIds(knex: Knex, ids: readonly string[]): Promise<void> {
  if (ids.length > 0)
    await knex<AttemptRow>("upgate_attempt")
      .whereIn("id", [...ids].toSorted())
      .delete();
}
