export async function up(knex) {
  await knex.schema.alterTable("orders", (table) => {
    table.index(["total"], "orders_by_total");
    table.unique(["client_id", "total"], { indexName: "orders_client_total" });
  });
  await knex.schema.alterTable("orders", (table) => table.dropIndex(["total"], "orders_by_total"));
  await knex.schema.createTable("parcels", (table) => {
    table.increments("id");
    table.integer("order_id").unsigned().notNullable();
    table.integer("weight").notNullable().checkPositive();
    table.string("carrier", 20).checkIn(["mail", "bike"]);
  });
  await knex.schema.alterTable("parcels", (table) => table.foreign("order_id", "parcels_order").references("orders.id"));
  await knex("parcels").insert({ order_id: knex("orders").where({ total: 250 }).select("id"), weight: 3, carrier: "bike" });
  await knex.schema.alterTable("parcels", (table) => table.dropForeign("order_id", "parcels_order"));
  await knex.schema.alterTable("parcels", (table) =>
    table.foreign("order_id", "parcels_order_again").references("orders.id").onDelete("CASCADE"),
  );
  await knex.schema.alterTable("pairs", (table) => table.dropUnique(["right_id", "note"], "pairs_right_note"));
  await knex.schema.alterTable("pairs", (table) => table.dropPrimary());
  await knex.schema.alterTable("pairs", (table) => table.primary(["left_id", "right_id"]));
}
