export async function up(knex) {
  await knex.schema.createTable("people", (table) => {
    table.increments("id");
    table.string("name", 60).notNullable();
    table.string("slug", 80).nullable();
    table.integer("net").notNullable();
    table.integer("tax").notNullable();
    table.integer("gross").notNullable().defaultTo(0);
    table.integer("visits").notNullable().defaultTo(0);
  });
  const rows = Array.from({ length: 60 }, (_, index) => ({ name: `Person ${index}`, net: index * 10, tax: index }));
  await knex("people").insert(rows);
}
