export async function up(knex) {
  await knex.schema.createTable("settings", (table) => {
    table.string("name", 60).primary();
    table.string("value", 200);
    table.integer("version").notNullable().defaultTo(1);
  });
  await knex("settings").insert({ name: "colour", value: "blue" });
  await knex("settings").insert({ name: "colour", value: "green", version: 2 }).onConflict("name").merge();
  await knex("settings").insert({ name: "colour", value: "red", version: 3 }).onConflict("name").ignore();
  await knex("settings").insert({ name: "size", value: "" });
  const { value } = await knex("settings").where({ name: "colour" }).first();
  await knex("settings")
    .where({ name: "size" })
    .update({ value: `as ${value}`, version: knex.raw("version + 1") });
  for (const name of ["one", "two", "three"]) await knex("settings").insert({ name, value: name.length });
  await knex.batchInsert(
    "movements",
    Array.from({ length: 30 }, (_, amount) => ({ item_id: 0, what: "batch", amount })),
    10,
  );
}
