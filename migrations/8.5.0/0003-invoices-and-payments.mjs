export async function up(knex) {
  const mysql = knex.client.dialect === "mysql";
  await knex.schema.createTable("invoices", (table) => {
    if (mysql) table.charset("utf8mb4");
    table.increments("id");
    table.string("number", 32).notNullable().unique();
    table.integer("customer_id").unsigned().notNullable().references("customers.id").onDelete("CASCADE").index();
    table.string("status", 16).notNullable();
    table.string("issued_at", 10).notNullable().index();
    table.string("due_at", 10).notNullable();
  });

  await knex.schema.createTable("invoice_lines", (table) => {
    if (mysql) table.charset("utf8mb4");
    table.increments("id");
    table.integer("invoice_id").unsigned().notNullable().references("invoices.id").onDelete("CASCADE").index();
    table.integer("service_id").unsigned().references("services.id").onDelete("SET NULL").index();
    table.string("description", 255).notNullable();
    table.integer("quantity").notNullable();
    table.integer("unit_cents").notNullable();
    table.string("period_start", 10).notNullable();
    table.string("period_end", 10).notNullable();
  });

  await knex.schema.createTable("payments", (table) => {
    if (mysql) table.charset("utf8mb4");
    table.increments("id");
    table.integer("invoice_id").unsigned().notNullable().references("invoices.id").onDelete("CASCADE").index();
    table.integer("amount_cents").notNullable();
    table.string("method", 32).notNullable();
    table.string("paid_at", 10).notNullable().index();
  });
}
