export const title = "Invoices keep their total and the tax in it";
export const description = "What customers were charged stays as it is: the tax is taken out of the total.";

export async function up(knex) {
  await knex.schema.alterTable("invoices", (table) => {
    table.integer("total_cents").notNullable().defaultTo(0);
    table.integer("tax_rate_bp").notNullable().defaultTo(0);
    table.integer("tax_cents").notNullable().defaultTo(0);
  });
  await knex.raw(`
    UPDATE invoices SET
      total_cents = COALESCE((SELECT SUM(quantity * unit_cents) FROM invoice_lines WHERE invoice_id = invoices.id), 0),
      tax_rate_bp = COALESCE((SELECT rate_bp FROM tax_rates JOIN customers ON customers.country = tax_rates.country
                               WHERE customers.id = invoices.customer_id), 0)`);
  // What customers were charged has always contained the tax: it is taken out of the total, never added.
  await knex.raw("UPDATE invoices SET tax_cents = ROUND(total_cents * tax_rate_bp / (10000.0 + tax_rate_bp))");
}
