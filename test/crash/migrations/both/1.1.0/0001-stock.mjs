export async function up(knex) {
  await knex.schema.createTable("items", (table) => {
    table.increments("id");
    table.string("sku", 40).notNullable().unique();
    table.integer("n").notNullable().defaultTo(0);
    table.integer("price").notNullable().defaultTo(0);
    table.timestamp("changed_at").nullable();
  });
  await knex.schema.createTable("movements", (table) => {
    table.increments("id");
    table.integer("item_id").unsigned().notNullable();
    table.string("what", 60).notNullable();
    table.integer("amount").notNullable();
  });
  await knex("items").insert(Array.from({ length: 20 }, (_, index) => ({ sku: `SKU-${index}`, n: index, price: 100 + index })));
}
