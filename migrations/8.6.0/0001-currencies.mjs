export const title = "Currencies, with their rates";
export const description = "The company's own currency becomes the euro; it can be changed in the settings afterwards.";

export async function up(knex) {
  const mysql = knex.client.dialect === "mysql";
  await knex.schema.createTable("currencies", (table) => {
    if (mysql) table.charset("utf8mb4");
    table.string("code", 3).primary();
    table.string("name", 60).notNullable();
    table.integer("rate_e4").notNullable();
  });
  // rate_e4: one unit in the company's own currency, times 10,000. Reports add up with it; invoices never do.
  await knex("currencies").insert([
    { code: "EUR", name: "Euro", rate_e4: 10000 },
    { code: "GBP", name: "Pound sterling", rate_e4: 11600 },
    { code: "USD", name: "US dollar", rate_e4: 9200 },
  ]);
  await knex.schema.alterTable("company", (table) => {
    table.string("currency", 3).notNullable().defaultTo("EUR");
  });
}
