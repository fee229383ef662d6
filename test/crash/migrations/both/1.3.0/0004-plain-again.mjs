export const config = { transaction: false };

export async function up(knex) {
  await Promise.all([1, 2, 3, 4].map((amount) => knex("ledger").where({ what: "second" }).increment("amount", amount)));
  await knex.schema.renameTable("notes", "remarks");
  await knex("remarks").update({ text: knex.raw("upper(text)") });
  await knex.schema.alterTable("ledger", (table) => table.dropIndex(["amount"], "ledger_amount"));
  await knex("ledger").where({ what: "third" }).delete();
}
