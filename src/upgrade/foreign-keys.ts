import type { Knex } from "knex";

/**
 * A SQLite transaction in which foreign keys are not enforced until its end. knex rebuilds a table to alter or drop a
 * column; with enforcement on, dropping the old table deletes every child with ON DELETE CASCADE. The pragma is ignored
 * inside a transaction, so it goes before; new violations at the end roll everything back (sqlite.org/lang_altertable,
 * section 7). `knex` must have a pool of one connection.
 */
export async function withForeignKeysOff(knex: Knex, body: (trx: Knex.Transaction) => Promise<void>): Promise<void> {
  const [setting] = (await knex.raw("PRAGMA foreign_keys")) as { foreign_keys: number }[];
  const enforced = setting?.foreign_keys === 1;
  if (enforced) await knex.raw("PRAGMA foreign_keys = OFF");
  try {
    await knex.transaction(async (trx) => {
      const before = enforced ? await violations(trx) : 0;
      await body(trx);
      if (enforced && (await violations(trx)) > before) {
        throw new Error("It left rows behind that point to rows that no longer exist (foreign keys).");
      }
    });
  } finally {
    if (enforced) await knex.raw("PRAGMA foreign_keys = ON");
  }
}

async function violations(trx: Knex.Transaction): Promise<number> {
  return ((await trx.raw("PRAGMA foreign_key_check")) as unknown[]).length;
}
