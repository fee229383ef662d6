export async function up(knex) {
  await knex.schema.alterTable("clients", (table) => {
    table.string("phone", 30);
    table.integer("points").notNullable().defaultTo(0);
  });
  await knex("clients").where({ country: "DE" }).update({ phone: "+49 30 1" });
  await knex("clients").whereNull("phone").update({ phone: "none" });
  await knex.schema.alterTable("clients", (table) => table.renameColumn("phone", "telephone"));
  await knex.schema.alterTable("clients", (table) => table.string("telephone", 60).notNullable().defaultTo("-").alter());
  await knex.schema.alterTable("orders", (table) => table.setNullable("note"));
  await knex("orders").insert({ client_id: knex("clients").where({ email: "b@site.test" }).select("id"), note: null, total: 7 });
  await knex("orders").whereNull("note").update({ note: "unknown" });
  await knex.schema.alterTable("orders", (table) => table.dropNullable("note"));
  if (!(await knex.schema.hasColumn("orders", "currency"))) {
    await knex.schema.alterTable("orders", (table) => table.string("currency", 3).notNullable().defaultTo("EUR"));
  }
  await knex.schema.alterTable("clients", (table) => table.dropColumn("country"));
  await knex.schema.alterTable("kinds", (table) => table.dropColumns("tiny", "small"));
  await knex.schema.alterTable("kinds", (table) => table.dropTimestamps());
}
