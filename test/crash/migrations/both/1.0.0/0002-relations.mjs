export async function up(knex) {
  await knex.schema
    .createTable("clients", (table) => {
      table.increments("id");
      table.string("email", 190).notNullable().unique();
      table.string("country", 2);
    })
    .createTable("orders", (table) => {
      table.increments("id");
      table.integer("client_id").unsigned().notNullable().references("id").inTable("clients").onDelete("CASCADE");
      table.integer("total").notNullable().defaultTo(0);
      table.string("status", 20).notNullable().defaultTo("open");
      table.string("note", 40).notNullable();
      table.index(["client_id", "status"]);
    });
  const [first] = await knex("clients").insert({ email: "a@site.test", country: "DE" });
  await knex("clients").insert({ email: "b@site.test", country: "FR" });
  await knex("orders").insert([
    { client_id: first, total: 100, status: "open", note: "first" },
    { client_id: first, total: 250, status: "paid", note: "second" },
  ]);
}
