export const title = "Unpaid invoices that are due become overdue";

export async function up(knex) {
  await knex.schema.alterTable("invoices", (table) => {
    table.index(["status", "due_at"]);
  });
  await knex.raw("UPDATE invoices SET status = 'overdue' WHERE status = 'unpaid' AND due_at < CURRENT_DATE");
}
