export async function up(knex) {
  await knex.schema.alterTable("clients", (table) => {
    table.string("title", 20).after("email");
    table.bigInteger("legacy").first();
    table.specificType("flags", "set('a','b')");
  });
  await knex("clients").update({ legacy: knex.raw("points + 1"), flags: "a,b" });
  await knex.schema.alterTable("clients", (table) =>
    table.integer("legacy").unsigned().notNullable().defaultTo(5).comment("old number").alter(),
  );
  await knex.schema.alterTable("clients", (table) => {
    table.dropUnique(["email"]);
    table.renameColumn("title", "salutation");
  });
  await knex.schema.alterTable("clients", (table) => table.unique(["email", "legacy"], { indexName: "clients_email" }));
  await knex.schema.alterTable("clients", (table) => table.index([knex.raw("email(10)")], "clients_email_start"));
  await knex.schema.raw("ALTER TABLE parcels ADD CONSTRAINT parcels_light CHECK (weight < 1000)");
  await knex.schema.alterTable("parcels", (table) => table.dropChecks("parcels_light"));
  await knex.schema.createTable("with_options", (table) => {
    table.increments("id");
    table.string("word").collate("utf8mb4_bin");
    table.engine("InnoDB");
    table.charset("utf8mb4");
    table.comment("a table with options");
  });
}
