// What an insert returns is used before and after a statement that commits by itself.
export async function up(knex) {
  const [box] = await knex("items").insert({ sku: "BOX", n: 5, changed_at: new Date() });
  await knex("movements").insert({ item_id: box, what: "received", amount: 5 });
  await knex.schema.createTable("labels", (table) => {
    table.integer("item_id").unsigned().primary();
    table.string("text", 40);
  });
  await knex("labels").insert({ item_id: box, text: "a box" });
  const [crate] = await knex("items").insert({ sku: "CRATE", n: 3, changed_at: new Date() });
  await knex("movements").insert([
    { item_id: crate, what: "received", amount: 1 },
    { item_id: box, what: "sent", amount: -2 },
  ]);
  await knex("labels").insert({ item_id: crate, text: "a crate" });
}
