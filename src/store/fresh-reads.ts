import type { Knex } from "knex";
import type { Store } from "./store.js";

/** All of Galera's causality checks: reads, SHOW and writes wait until the node has what the cluster had committed before. */
const EVERYTHING = 15;

/**
 * Lets `read` see all that any node of a Galera cluster had committed before; without it a node's reads may lag (6 of 500 in a
 * measurement, none of 200 with it). Elsewhere every read does.
 */
export async function withFreshReads<T>({ knex, dialect }: Pick<Store, "knex" | "dialect">, read: (knex: Knex) => Promise<T>): Promise<T> {
  if (dialect !== "mysql" || !(await isGalera(async (sql) => ((await knex.raw(sql)) as [Record<string, unknown>[]])[0]))) return read(knex);
  return knex.transaction(async (trx) => {
    await trx.raw(`SET SESSION wsrep_sync_wait = ${EVERYTHING}`);
    try {
      return await read(trx);
    } finally {
      await trx.raw("SET SESSION wsrep_sync_wait = DEFAULT");
    }
  });
}

/** `send`: the rows. */
export async function isGalera(send: (sql: string) => Promise<readonly Record<string, unknown>[]>): Promise<boolean> {
  const [variable] = await send("SHOW VARIABLES LIKE 'wsrep_on'");
  return variable?.["Value"] === "ON";
}

/** For a connection of one's own. */
export const SYNC_WAIT_SQL = `SET SESSION wsrep_sync_wait = ${EVERYTHING}`;
