export async function up(knex) {
  await knex("movements").insert({ item_id: 0, what: "before nesting", amount: 1 });
  await knex.transaction(async (trx) => {
    await trx("movements").insert({ item_id: 0, what: "inner, kept", amount: 2 });
    await trx
      .transaction(async (inner) => {
        await inner("movements").insert({ item_id: 0, what: "innermost, taken back", amount: 3 });
        await inner("items").update({ price: 0 });
        throw new Error("taken back");
      })
      .catch(() => undefined);
    await trx("items").where({ sku: "EXTRA" }).increment("n", 1);
  });
  await knex
    .transaction(async (trx) => {
      await trx("items").delete();
      throw new Error("taken back, too");
    })
    .catch(() => undefined);
  const [{ c }] = await knex("items").count({ c: "*" });
  await knex.schema.createTable("nested", (table) => table.integer("items_left"));
  await knex("nested").insert({ items_left: c });
}
