/** Sends SQL on the migration's connection; the rows. */
type SendRows = (sql: string) => Promise<readonly Record<string, unknown>[]>;

/**
 * Runs `transaction`, which opens and commits a SQLite transaction, with foreign keys not enforced until its end. knex rebuilds
 * a table to alter or drop a column; with enforcement on, dropping the old table deletes every child with ON DELETE CASCADE.
 * The pragma is ignored inside a transaction, so it goes before; `assertNoneBroken`, to be called at the transaction's end,
 * rejects when rows were left behind that point to nothing (sqlite.org/lang_altertable, section 7).
 */
export async function withForeignKeysOff(
  send: SendRows,
  transaction: (assertNoneBroken: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const [setting] = await send("PRAGMA foreign_keys");
  if (setting?.["foreign_keys"] !== 1) return transaction(async () => undefined);
  const before = await countViolations(send);
  await send("PRAGMA foreign_keys = OFF");
  try {
    await transaction(async () => {
      if ((await countViolations(send)) > before)
        throw new Error("It left rows behind that point to rows that no longer exist (foreign keys).");
    });
  } finally {
    await send("PRAGMA foreign_keys = ON");
  }
}

async function countViolations(send: SendRows): Promise<number> {
  return (await send("PRAGMA foreign_key_check")).length;
}
