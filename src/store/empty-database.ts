import type { Knex } from "knex";

const OBJECTS = {
  VIEW: "SELECT table_name AS name FROM information_schema.views WHERE table_schema = DATABASE()",
  TABLE: "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type <> 'VIEW'",
  PROCEDURE:
    "SELECT routine_name AS name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'PROCEDURE'",
  FUNCTION: "SELECT routine_name AS name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'FUNCTION'",
  EVENT: "SELECT event_name AS name FROM information_schema.events WHERE event_schema = DATABASE()",
} as const;

/** Drops everything in the MySQL database that the connections are in, but for the tables named. One connection's pool will do. */
export async function emptyDatabase(knex: Knex, keep: readonly string[]): Promise<void> {
  await knex.transaction(async (trx) => {
    // One connection for all: the setting is its own. MySQL's DDL commits by itself.
    await trx.raw("SET SESSION foreign_key_checks = 0");
    for (const [type, list] of Object.entries(OBJECTS)) {
      const [rows] = (await trx.raw(list)) as [{ name: string }[]];
      for (const { name } of rows) if (type !== "TABLE" || !keep.includes(name)) await trx.raw(`DROP ${type} IF EXISTS ??`, [name]);
    }
    await trx.raw("SET SESSION foreign_key_checks = DEFAULT");
  });
}
