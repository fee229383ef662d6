export const title = "Services tell when they renew";

export async function up(knex) {
  await knex.schema.alterTable("services", (table) => {
    table.string("next_renewal_at", 10).index();
  });
  // A service renews when the period that was invoiced last ends.
  await knex.raw(`
    UPDATE services SET next_renewal_at =
      COALESCE((SELECT MAX(period_end) FROM invoice_lines WHERE service_id = services.id), started_at)
    WHERE status = 'active'`);
}
