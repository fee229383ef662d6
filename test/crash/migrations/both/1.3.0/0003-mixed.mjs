export async function up(knex) {
  const { amount } = await knex("ledger").where({ what: "by hand" }).first();
  await knex("ledger").insert({ what: "mixed", amount });
  await knex.schema.alterTable("ledger", (table) => table.index(["amount"], "ledger_amount"));
  await knex("ledger")
    .where({ what: "mixed" })
    .update({ amount: knex.raw("amount + 1") });
}
