export const title = "Each customer and invoice gets a currency";

export async function up(knex) {
  await knex.schema.alterTable("customers", (table) => {
    table.string("currency", 3).notNullable().defaultTo("EUR");
  });
  await knex("customers").where("country", "GB").update({ currency: "GBP" });
  await knex("customers").whereIn("country", ["US", "CA", "AU", "JP", "BR"]).update({ currency: "USD" });

  await knex.schema.alterTable("invoices", (table) => {
    table.string("currency", 3).notNullable().defaultTo("EUR");
  });
  await knex.raw("UPDATE invoices SET currency = (SELECT customers.currency FROM customers WHERE customers.id = invoices.customer_id)");
}
