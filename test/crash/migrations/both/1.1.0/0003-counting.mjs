// Increments tell a statement that was applied twice; reads that steer tell one that was answered from another time.
export async function up(knex) {
  await knex("items").update({ n: knex.raw("n + 1") });
  await knex("items").where("sku", "like", "SKU-1%").increment("n", 10);
  await knex.schema.alterTable("items", (table) => table.integer("sold").notNullable().defaultTo(0));
  await knex("items").update({ sold: knex.raw("sold + n") });
  const [{ c }] = await knex("items").where("n", ">", 10).count({ c: "*" });
  if (Number(c) > 5) await knex("movements").insert({ item_id: 0, what: `many: ${c}`, amount: Number(c) });
  else await knex("movements").insert({ item_id: 0, what: `few: ${c}`, amount: Number(c) });
  const dearest = await knex("items").orderBy("price", "desc").first();
  await knex("items")
    .where({ sku: dearest.sku })
    .update({ price: dearest.price * 2 });
  await knex.schema.alterTable("items", (table) => table.index(["sold"], "items_sold"));
  const again = await knex("items").orderBy("price", "desc").first();
  await knex("movements").insert({ item_id: 0, what: `dearest ${again.sku}`, amount: again.price });
  await knex("items").decrement("sold", 1);
  await knex("items").where("n", "<", 3).delete();
}
