export const title = "VAT rates of the countries";

export async function up(knex) {
  const mysql = knex.client.dialect === "mysql";
  await knex.schema.createTable("tax_rates", (table) => {
    if (mysql) table.charset("utf8mb4");
    table.string("country", 2).primary();
    table.string("name", 32).notNullable();
    table.integer("rate_bp").notNullable();
  });
  await knex("tax_rates").insert(
    Object.entries(vatPercent).map(([country, percent]) => ({ country, name: "VAT", rate_bp: percent * 100 })),
  );
}

const vatPercent = { AT: 20, DE: 19, ES: 21, FI: 25.5, FR: 20, GB: 20, IE: 23, IT: 22, NL: 21, PL: 23, PT: 23, SE: 25 };
