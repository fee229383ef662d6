export async function up(knex) {
  try {
    await knex.schema.alterTable("items", (table) => table.integer("sold"));
  } catch {
    await knex("movements").insert({ item_id: 0, what: "sold was there", amount: 1 });
  }
  await knex("items").insert({ sku: "EXTRA", n: 100 });
  try {
    await knex("items").insert({ sku: "EXTRA", n: 200 });
  } catch {
    await knex("items").where({ sku: "EXTRA" }).increment("n", 1);
  }
  await knex.schema.createTable("after_errors", (table) => table.integer("n"));
  const caught = await knex("no_such_table")
    .first()
    .catch(() => ({ n: 77 }));
  await knex("after_errors").insert({ n: caught.n });
  try {
    await knex.schema.createTable("after_errors", (table) => table.integer("m"));
  } catch {
    await knex("after_errors").insert({ n: 78 });
  }
}
