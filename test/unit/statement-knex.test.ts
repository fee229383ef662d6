import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import knex, { type Knex } from "knex";
import { classifyStatement } from "../../src/core/statement.js";
import { sqliteClient } from "../../src/store/sqlite-driver.js";
import { statementLine } from "./support/statement-line.js";

type Build = (knex: Knex) => { toSQL(): unknown };
type Change = (table: Knex.AlterTableBuilder, knex: Knex) => unknown;

const altered: readonly Change[] = [
  (t) => t.increments("n"),
  (t) => t.bigIncrements("n", { primaryKey: false }),
  (t) => t.string("n", 40).notNullable().defaultTo("it's; drop table a"),
  (t) => t.enu("n", ["rename to b", ", rename b"]).comment("engine=myisam"),
  (t) => t.integer("n").unsigned().references("id").inTable("b").onDelete("CASCADE"),
  (t) => t.decimal("n", 10, 2).unsigned().index(),
  (t) => t.json("n"),
  (t) => t.timestamps(true, true),
  (t) => t.dateTime("n", { precision: 6 }).defaultTo((t as unknown as { client: Knex.Client }).client.raw("now(6)")),
  (t) => t.specificType("n", "geometry"),
  (t) => t.boolean("n").after("c").defaultTo(true),
  (t) => t.string("n").first().unique(),
  (t) => t.string("n").collate("utf8mb4_bin").checkLength("<", 5),
  (t) => t.integer("n").checkPositive(),
  (t) => t.dropColumn("c"),
  (t) => t.dropColumns("c", "d"),
  (t) => t.dropTimestamps(),
  (t) => t.renameColumn("c", "n"),
  (t) => t.string("c", 80).alter(),
  (t) => t.setNullable("c"),
  (t) => t.dropNullable("c"),
  (t) => t.index(["c", "d"]),
  (t) => t.index(["c"], "by_c", { indexType: "FULLTEXT" }),
  (t) => t.unique(["c"]),
  (t) => t.primary(["c"]),
  (t) => t.foreign("c").references("b.id"),
  (t) => t.dropIndex("c"),
  (t) => t.dropUnique(["c"]),
  (t) => t.dropPrimary(),
  (t) => t.dropForeign("c"),
  (t) => t.dropChecks("positive"),
  (t) => t.check("?? > 0", { c: "c" } as never, "positive"),
  (t) => t.comment("it's"),
];

const created: readonly [expected: string, build: Build][] = [
  ["table a +a", (k) => k.schema.createTable("a", (t) => t.increments("id"))],
  ["table a +a", (k) => k.schema.createTable("a", (t) => (t.charset("utf8mb4"), t.string("engine").defaultTo("x"), t.comment("c")))],
  ["table a +a (myisam)", (k) => k.schema.createTable("a", (t) => (t.engine("MyISAM"), t.integer("b")))],
  ["table a +a again", (k) => k.schema.raw("create table if not exists a (b int)")],
  ["table a +a ?", (k) => k.schema.createTableLike("a", "b", () => undefined)],
  ["table d.a +d.a", (k) => k.schema.withSchema("d").createTable("a", (t) => t.increments("id"))],
  ["table a -a", (k) => k.schema.dropTable("a")],
  ["table a -a again", (k) => k.schema.dropTableIfExists("a")],
  ["table a table b -a +b a>b", (k) => k.schema.renameTable("a", "b") as never],
  ["view a +a", (k) => k.schema.createView("a", (v) => v.as(k("b").select("c").where("d", "for update")))],
  ["view a +a again", (k) => k.schema.createViewOrReplace("a", (v) => v.as(k("b").select("c")))],
  ["view a -a", (k) => k.schema.dropView("a")],
  ["view a -a again", (k) => k.schema.dropViewIfExists("a")],
  ["table a table b -a +b a>b", (k) => k.schema.renameView("a", "b") as never],
  ["read schema", (k) => k.schema.hasTable("a") as never],
  ["read schema", (k) => k.schema.hasColumn("a", "b") as never],
  ["table a again", (k) => k("a").truncate() as never],
];

const rows: readonly [expected: string, build: Build][] = [
  ["read", (k) => k("a").select("b").where({ c: 1 }).whereIn("d", [1, 2]).orderBy("e").limit(5).offset(5)],
  ["read", (k) => k("a").join("b", "a.id", "b.a").leftJoin("c", "c.id", "b.c").groupBy("a.id").having("a.id", ">", 5)],
  ["read", (k) => k("a").count()],
  ["read", (k) => k("a").distinct("b").first()],
  [
    "read",
    (k) =>
      k("a")
        .union([k("b").select("*")], true)
        .orderBy("c"),
  ],
  ["read", (k) => k.with("x", k("a").select("b")).select("*").from("x")],
  ["read", (k) => k.withRecursive("x", (q) => void q.select("b").from("a")).from("x")],
  ["read", (k) => k("a").whereExists(k("b").whereRaw("b.a = a.id"))],
  ["read locking", (k) => k("a").where("b", 1).forUpdate()],
  ["read locking", (k) => k("a").where("b", 1).forShare()],
  ["read locking", (k) => k("a").where("b", 1).forUpdate().skipLocked()],
  ["write", (k) => k("a").insert({ b: "select" })],
  ["write", (k) => k("a").insert([{ b: 1 }, { b: 2, c: 3 }])],
  ["write", (k) => k("a").insert({ b: 1 }).onConflict("b").merge()],
  ["write", (k) => k("a").insert({ b: 1 }).onConflict("b").ignore()],
  ["write", (k) => k("a").insert(k("b").select("c"))],
  ["write", (k) => k("a").insert({})],
  ["write", (k) => k("a").update({ b: 1 }).where("c", 2)],
  ["write", (k) => k("a").increment("b", 5)],
  ["write", (k) => k("a").where("b", 1).del()],
  ["write", (k) => k.with("x", k("a").select("b")).from("a").update({ b: 1 })],
  ["write", (k) => k.with("x", k("a").select("b")).from("a").delete().whereIn("b", k("x").select("b"))],
];

function texts(built: unknown): string[] {
  return (Array.isArray(built) ? built : [built]).map(({ sql }: { sql: string }) => sql);
}

describe("what knex sends to MySQL", () => {
  const mysql = knex({ client: "mysql2" });
  for (const [expected, build] of [...created, ...rows])
    test(`${texts(build(mysql).toSQL())[0]}: ${expected}`, () => {
      const [first = "", ...more] = texts(build(mysql).toSQL());
      assert.equal(statementLine(classifyStatement(first, "mysql")), expected);
      for (const sql of more) assert.equal(classifyStatement(sql, "mysql").kind, "definition", sql);
    });

  for (const change of altered)
    test(change.toString(), () => {
      for (const sql of texts(mysql.schema.alterTable("a", (t) => void change(t, mysql)).toSQL()))
        assert.match(statementLine(classifyStatement(sql, "mysql")), /^(?:table a|read schema|read)$/, sql);
    });
});

describe("what knex sends to SQLite", () => {
  const sqlite = knex({ client: sqliteClient(createRequire(import.meta.url)), useNullAsDefault: true });
  const isForMysql = /OrReplace|charset|Like|engine\(|if not exists|renameView|truncate|ForUpdate|forShare|forUpdate/;
  for (const [expected, build] of [...created, ...rows]) {
    if (isForMysql.test(build.toString())) continue;
    test(build.toString(), () => {
      for (const sql of texts(build(sqlite).toSQL()))
        assert.equal(statementLine(classifyStatement(sql, "sqlite")), expected.startsWith("read") ? expected : "write", sql);
    });
  }

  test("a table that is built again, statement by statement", async () => {
    const sent: string[] = [];
    const open: Knex = knex({
      client: sqlite.client.constructor,
      connection: ":memory:",
      useNullAsDefault: true,
      pool: { min: 1, max: 1 },
    });
    open.on("query", ({ sql }: { sql: string }) => sent.push(sql));
    await open.schema.createTable("b", (t) => t.increments("id"));
    await open("b").insert({ id: 1 });
    await open.schema.createTable("a", (t) => (t.increments("id"), t.string("c"), t.integer("d")));
    await open.transaction(async (trx) => {
      await trx("a").insert([{ c: "x;y" }, { c: "it's" }]);
      await trx.transaction((inner) => inner("a").update({ d: 1 }));
      await trx.schema.alterTable("a", (t) => (t.string("c", 80).notNullable().alter(), t.unique(["c"])));
      await trx.schema.alterTable("a", (t) => (t.dropNullable("d"), t.renameColumn("c", "n")));
      await trx.schema.alterTable("a", (t) => t.foreign("d").references("b.id").withKeyName("of"));
      await trx.schema.alterTable("a", (t) => (t.dropForeign("d", "of"), t.dropColumn("n")));
      await trx("a").columnInfo();
    });
    await open.destroy();
    const lines = sent.map((sql) => statementLine(classifyStatement(sql, "sqlite")));
    assert.ok(sent.length > 30, String(sent.length));
    const allowed = /^(?:write|read|read schema|session|begin|commit|savepoint trx\d+|release trx\d+)$/;
    assert.deepEqual(lines.map((line, at) => (allowed.test(line) ? "" : `${line}: ${sent[at]}`)).filter(Boolean), []);
  });
});
