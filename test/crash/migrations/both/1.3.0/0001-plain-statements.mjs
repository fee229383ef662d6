export const config = { transaction: false };

export async function up(knex) {
  await knex.schema.createTable("ledger", (table) => {
    table.increments("id");
    table.string("what", 60).notNullable();
    table.integer("amount").notNullable();
  });
  await knex("ledger").insert({ what: "opening", amount: 100 });
  await knex("ledger").update({ amount: knex.raw("amount + 1") });
  await knex.schema.alterTable("ledger", (table) => table.integer("tax").notNullable().defaultTo(0));
  await knex("ledger").update({ tax: knex.raw("tax + amount / 10 + 1") });
  await knex("ledger").insert([
    { what: "second", amount: 5 },
    { what: "third", amount: 6 },
  ]);
  const [{ total }] = await knex("ledger").sum({ total: "amount" });
  await knex("ledger").insert({ what: `sum ${Number(total)}`, amount: Number(total) });
}
