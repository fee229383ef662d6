export async function up(knex) {
  if (!(await knex.schema.hasTable("archive"))) await knex.schema.createTableLike("archive", "orders");
  await knex("archive").insert(knex("orders").where({ status: "paid" }).select("*"));
  await knex.schema.createTable("scratch", (table) => table.integer("n").primary());
  await knex("scratch").insert([{ n: 1 }, { n: 2 }]);
  await knex.schema.renameTable("scratch", "numbers");
  await knex("numbers").insert({ n: 3 });
  await knex.schema.createView("paid_orders", (view) => {
    view.columns(["id", "total"]);
    view.as(knex("orders").where({ status: "paid" }).select("id", "total"));
  });
  await knex.schema.createViewOrReplace("paid_orders", (view) => {
    view.columns(["id", "total", "currency"]);
    view.as(knex("orders").where({ status: "paid" }).select("id", "total", "currency"));
  });
  await knex.schema.createView("passing", (view) => view.as(knex("numbers").select("n")));
  await knex.schema.dropView("passing");
  await knex.schema.dropViewIfExists("never_there");
  await knex.schema.createTable("passing_table", (table) => table.increments("id"));
  await knex.schema.dropTable("passing_table");
  await knex.schema.dropTableIfExists("never_there");
}
