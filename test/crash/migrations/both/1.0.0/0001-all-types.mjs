export async function up(knex) {
  await knex.schema.createTable("kinds", (table) => {
    table.increments("id");
    table.integer("whole").notNullable().defaultTo(0);
    table.bigInteger("large").unsigned().nullable();
    table.tinyint("tiny").defaultTo(1);
    table.smallint("small");
    table.mediumint("medium");
    table.float("ratio", 8, 2);
    table.double("exact");
    table.decimal("price", 12, 4).notNullable().defaultTo(0);
    table.boolean("active").notNullable().defaultTo(true);
    table.string("name", 120).notNullable().index();
    table.text("body", "longtext");
    table.date("day");
    table.dateTime("moment", { precision: 3 });
    table.time("clock");
    table.timestamp("stamp").nullable();
    table.binary("bytes", 32);
    table.enum("state", ["new", "open", "done"]).notNullable().defaultTo("new");
    table.json("extra");
    table.uuid("token").unique();
    table.string("remark").comment("for people");
    table.timestamps(true, true);
  });
  await knex.schema.createTable("pairs", (table) => {
    table.integer("left_id").notNullable();
    table.integer("right_id").notNullable();
    table.string("note", 40);
    table.primary(["left_id", "right_id"]);
    table.unique(["right_id", "note"], { indexName: "pairs_right_note" });
    table.index(["note", "left_id"], "pairs_note");
  });
  await knex("kinds").insert({
    name: "first",
    whole: 1,
    large: "9007199254740991",
    price: 12.5,
    body: "long text",
    day: "2024-02-29",
    bytes: Buffer.from([0, 1, 255]),
  });
  const second = { name: "second", whole: 2, state: "open", extra: JSON.stringify({ a: [1, 2] }) };
  await knex("kinds").insert({ ...second, token: "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed" });
}
