// Dates are ISO 8601 text: the same on every database and driver.
export async function up(knex) {
  const mysql = knex.client.dialect === "mysql";
  await knex.schema.createTable("customers", (table) => {
    if (mysql) table.charset("utf8mb4");
    table.increments("id");
    table.string("name", 120).notNullable();
    table.string("organisation", 120);
    table.string("email", 190).notNullable().unique();
    table.string("city", 120).notNullable();
    table.string("country", 2).notNullable().index();
    table.string("created_at", 10).notNullable();
  });

  await knex.schema.createTable("services", (table) => {
    if (mysql) table.charset("utf8mb4");
    table.increments("id");
    table.integer("customer_id").unsigned().notNullable().references("customers.id").onDelete("CASCADE").index();
    table.integer("product_id").unsigned().notNullable().references("products.id").index();
    table.string("label", 190).notNullable();
    table.string("status", 16).notNullable().index();
    table.integer("cycle_months").notNullable();
    table.integer("price_cents").notNullable();
    table.string("started_at", 10).notNullable();
    table.string("ended_at", 10);
  });
}
