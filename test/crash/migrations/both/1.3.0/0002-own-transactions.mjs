export const config = { transaction: false };

export async function up(knex) {
  const id = await knex.transaction(async (trx) => {
    const [inserted] = await trx("ledger").insert({ what: "in a transaction", amount: 1 });
    await trx("ledger")
      .where({ id: inserted })
      .update({ amount: knex.raw("amount + 1") });
    return inserted;
  });
  await knex.schema.createTable("notes", (table) => {
    table.integer("ledger_id").unsigned().notNullable();
    table.string("text", 80);
  });
  await knex("notes").insert({ ledger_id: id, text: "of the transaction before" });
  await knex
    .transaction(async (trx) => {
      await trx("ledger").delete();
      await trx("notes").delete();
      throw new Error("taken back");
    })
    .catch(() => undefined);
  const trx = await knex.transaction();
  await trx("ledger").insert({ what: "by hand", amount: 3 });
  await trx.commit();
  const other = await knex.transaction();
  await other("ledger").insert({ what: "never", amount: 3 });
  await other.rollback();
  await knex("ledger")
    .where({ what: "by hand" })
    .update({ amount: knex.raw("amount * 2") });
}
