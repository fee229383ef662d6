export const title = "The company's tax number leaves the legal note";
export const description = "It gets a field of its own. A footer for invoices is new, too.";

export async function up(knex) {
  await knex.schema.alterTable("company", (table) => {
    table.string("tax_id", 32);
    table.string("invoice_footer", 255).notNullable().defaultTo("");
  });
  // So far the number stood at the end of the legal note: "… · VAT NL000000000B00".
  const marker = " · VAT ";
  await knex.raw("UPDATE company SET tax_id = SUBSTR(legal_note, INSTR(legal_note, ?) + ?) WHERE INSTR(legal_note, ?) > 0", [
    marker,
    marker.length,
    marker,
  ]);
  await knex.raw("UPDATE company SET legal_note = SUBSTR(legal_note, 1, INSTR(legal_note, ?) - 1) WHERE INSTR(legal_note, ?) > 0", [
    marker,
    marker,
  ]);
  await knex("company").update({ invoice_footer: "Thank you for your business. Please pay within 14 days." });
}
