export async function up(knex) {
  await knex.schema.createTable("parallel", (table) => {
    table.increments("id");
    table.integer("n").notNullable().unique();
    table.integer("twice").nullable();
  });
  await Promise.all(Array.from({ length: 8 }, (_, n) => knex("parallel").insert({ n })));
  await Promise.all([
    knex("parallel").update({ twice: knex.raw("n * 2") }),
    knex("settings")
      .where({ name: "size" })
      .update({ version: knex.raw("version + 1") }),
    knex("movements").where({ what: "batch" }).delete(),
  ]);
  await knex.schema.alterTable("parallel", (table) => table.integer("more").defaultTo(4));
  await Promise.all(Array.from({ length: 4 }, (_, n) => knex("parallel").insert({ n: n + 100, more: n })));
}
