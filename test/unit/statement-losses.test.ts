import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeLoss, gravestOf, type Loss } from "../../src/core/loss.js";
import { PlanLosses } from "../../src/core/plan-losses.js";
import type { Schema } from "../../src/core/schema.js";
import type { SqlDialect } from "../../src/core/statement-kinds.js";
import { type ColumnsOf, statementLosses } from "../../src/core/statement-losses.js";

/** One line a loss: `drop-column products.name`. */
function lineOf(loss: Loss): string {
  switch (loss.kind) {
    case "drop-database":
      return `${loss.kind} ${loss.database}`;
    case "drop-column":
      return `${loss.kind} ${loss.table}.${loss.column}`;
    case "drop-definition":
      return `drop-${loss.type} ${loss.name}`;
    case "delete-rows":
      return `${loss.every ? "delete-all" : "delete-some"} ${loss.table}`;
    case "overwrite":
      return `${loss.kind} ${loss.table}.${loss.columns.join("+")}`;
    case "narrow":
      return `${loss.kind} ${loss.table}.${loss.column} ${loss.from ?? "?"} to ${loss.to}`;
    default:
      return `${loss.kind} ${loss.table}`;
  }
}

type Cases = readonly (readonly [sql: string, losses: string])[];

function table(name: string, dialects: readonly SqlDialect[], cases: Cases, columnsOf?: ColumnsOf): void {
  describe(name, () => {
    for (const [sql, expected] of cases)
      for (const dialect of dialects)
        test(`${dialect}: ${sql.replaceAll(/\s+/g, " ").slice(0, 100)}`, () =>
          assert.equal(statementLosses(sql, dialect, columnsOf).map(lineOf).join(", "), expected));
  });
}

table(
  "what both take away",
  ["mysql", "sqlite"],
  [
    ["drop table products", "drop-table products"],
    ["DROP TABLE IF EXISTS `products`", "drop-table products"],
    ["/* tidy */ drop /* it */ table -- now\n products;", "drop-table products"],
    ["alter table products drop column name", "drop-column products.name"],
    ["ALTER TABLE `products` DROP `name`", "drop-column products.name"],
    ["alter table `my table` drop column `the ``name`", "drop-column my table.the `name"],
    ["drop view prices", "drop-view prices"],
    ["drop view if exists prices", "drop-view prices"],
    ["drop trigger shop.t", "drop-trigger shop.t"],
    ["delete from products", "delete-all products"],
    ["delete from products where id = 1", "delete-some products"],
    ["delete from products where id in (select id from old)", "delete-some products"],
    ["delete from products order by id limit 10", "delete-some products"],
    ["delete from products -- where id = 1", "delete-all products"],
    ["delete from products /* where */", "delete-all products"],
    ["with old as (select id from products where id < 5) delete from products where id in (select id from old)", "delete-some products"],
    ["update products set name = 'x'", "overwrite products.name"],
    ["UPDATE `products` SET `name` = 'a, where b', price = (select max(price) from x where y = 1)", "overwrite products.name+price"],
    ["update products set name = 'x' where id = 1", ""],
    ["update products set name = case when id = 1 then 'where' else 'limit' end", "overwrite products.name"],
    ["update products as p set name = 'x'", "overwrite products.name"],
    ["update main.products set name = 'x'", "overwrite main.products.name"],
  ],
);

table(
  "what takes nothing away",
  ["mysql", "sqlite"],
  [
    ["", ""],
    ["-- drop table products", ""],
    ["select 'drop table products'", ""],
    ["select * from products", ""],
    ["create table products (id int)", ""],
    ["create table dropped as select * from products", ""],
    ["insert into products values ('drop table products')", ""],
    ["alter table products add column name varchar(20) not null", ""],
    ["alter table products add `drop` int", ""],
    ["alter table products rename to goods", ""],
    ["alter table products rename column a to b", ""],
    ["drop index i", ""],
    ["create view v as select 1", ""],
  ],
);

table(
  "MySQL",
  ["mysql"],
  [
    ["truncate products", "truncate products"],
    ["TRUNCATE TABLE `shop`.`products`", "truncate shop.products"],
    ["drop tables a, b", "drop-table a, drop-table b"],
    ["drop temporary table a", ""],
    ["drop database shop", "drop-database shop"],
    ["drop schema if exists shop", "drop-database shop"],
    ["drop procedure p", "drop-procedure p"],
    ["drop function if exists f", "drop-function f"],
    ["drop event e", "drop-event e"],
    ["drop user u", ""],
    ["drop prepare p", ""],
    ["create or replace table products (id int)", "drop-table products"],
    ["create or replace view v as select 1", ""],
    ["/*!50000 drop table products */", "drop-table products"],
    ["drop table products # all of it", "drop-table products"],
    ["set statement max_statement_time = 5 for delete from products", "delete-all products"],
    ["delete low_priority quick ignore from products", "delete-all products"],
    ["delete p from products p", "delete-all products"],
    ["delete p, o from products as p join orders o on o.product = p.id", "delete-some products, delete-some orders"],
    ["delete products.* from products where id = 1", "delete-some products"],
    ["delete from p using products as p join orders using (id)", "delete-some products"],
    ["update low_priority ignore products set name = 'x' order by id", "overwrite products.name"],
    ["update products set name = 'x' order by id limit 5", ""],
    ["update products p join orders o on o.product = p.id set p.name = o.name, o.sum = 1", "overwrite products.name, overwrite orders.sum"],
    ["update shop.products set shop.products.name = 'x'", "overwrite shop.products.name"],
    ["alter table products drop index i, drop key k, drop primary key, drop foreign key f, drop constraint c, drop check d", ""],
    ["alter table products drop column if exists a, add b int, drop c", "drop-column products.a, drop-column products.c"],
    ["alter ignore table products wait 5 drop a", "drop-column products.a"],
    ["alter table products add x enum('a,drop b'), drop c", "drop-column products.c"],
    ["alter table products drop `index`", "drop-column products.index"],
    ["alter table products drop partition p0, p1", "drop-partition products"],
    ["alter table products truncate partition p0", "drop-partition products"],
    ["alter table products discard tablespace", "drop-partition products"],
    ["alter table products alter name drop default", ""],
    ["alter table products modify name varchar(20) not null", "narrow products.name ? to varchar(20)"],
    [
      "alter table products change `name` `title` decimal( 10, 2 ) unsigned default 1",
      "narrow products.name ? to decimal( 10, 2 ) unsigned",
    ],
    ["alter database shop character set utf8mb4", ""],
  ],
);

table(
  "SQLite",
  ["sqlite"],
  [
    ['drop table "products"', "drop-table products"],
    ["drop table [products]", "drop-table products"],
    ["delete from sqlite_sequence where name = 'products'", ""],
    ["update or replace products set name = 'x'", "overwrite products.name"],
    ["update products set (name, price) = (select a, b from new)", "overwrite products.name+price"],
    ["update products set name = n.name from new n where n.id = products.id", ""],
    ["update products set name = n.name from new n", "overwrite products.name"],
    ["delete from products returning id", "delete-all products"],
    ["alter table products rename name to title", ""],
  ],
);

table(
  "columns that are known",
  ["mysql"],
  [
    ["alter table products modify name varchar(100)", ""],
    ["alter table products modify name varchar(20) default 'modify'", "narrow products.name varchar(50) to varchar(20)"],
    ["alter table products change name title text", ""],
    ["alter table products modify added int", ""],
    ["alter table products drop added", ""],
    ["update products set added = 1", ""],
    ["update products set added = 1, NAME = 'x'", "overwrite products.NAME"],
    ["drop table made", ""],
    ["delete from made", ""],
    ["truncate made", ""],
  ],
  (name) => (name === "products" ? new Map([["name", "varchar(50)"]]) : new Map()),
);

const column = (name: string, type = "int"): Schema["tables"][number]["columns"][number] => ({
  name,
  type,
  nullable: true,
  default: null,
  extra: "",
  collation: null,
});
const SCHEMA: Schema = {
  tables: [
    { name: "products", options: "", columns: [column("id"), column("name", "varchar(50)")], indexes: [], foreignKeys: [] },
    { name: "orders", options: "", columns: [column("id"), column("sum")], indexes: [], foreignKeys: [] },
  ],
  views: [{ name: "prices", definition: "select 1" }],
  triggers: [{ name: "watch", table: "orders", definition: "" }],
};

describe("the statements of a plan, one after the other", () => {
  const cases: readonly (readonly [what: string, dialects: readonly SqlDialect[], statements: readonly string[], losses: string])[] = [
    [
      "a table of the plan's own",
      ["mysql", "sqlite"],
      ["create table tmp (id int)", "update tmp set id = 1", "delete from tmp", "drop table tmp"],
      "",
    ],
    ["a table that is there already", ["mysql"], ["create table if not exists orders (id int)", "drop table orders"], "drop-table orders"],
    [
      "a column of the plan's own",
      ["mysql", "sqlite"],
      ["alter table products add tax int", "update products set tax = 1", "alter table products drop tax"],
      "",
    ],
    [
      "a table built anew, as knex does on SQLite",
      ["sqlite"],
      [
        "CREATE TABLE `_knex_temp_alter1` (`id` integer)",
        'INSERT INTO "_knex_temp_alter1" SELECT "id" FROM "products";',
        'DROP TABLE "products"',
        'ALTER TABLE "_knex_temp_alter1" RENAME TO "products"',
      ],
      "drop-column products.name",
    ],
    [
      "a table built anew with all its columns, and dropped afterwards",
      ["mysql", "sqlite"],
      [
        "create table new (id int, title text)",
        "insert into new (id, title) select id, name from products order by id",
        "drop table products",
        "alter table new rename to products",
        "update products set title = 'x'",
        "drop table products",
      ],
      "overwrite products.title, drop-table products",
    ],
    [
      "a copy under the old name",
      ["mysql"],
      [
        "create table new like products",
        "insert into new select * from products",
        "rename table products to old, new to products",
        "drop table old",
        "delete from products",
      ],
      "delete-all products",
    ],
    [
      "a copy as a query",
      ["mysql", "sqlite"],
      ["create table new as select * from products", "drop table products", "drop table new"],
      "drop-table new",
    ],
    [
      "a copy of some rows",
      ["mysql", "sqlite"],
      ["create table new (id int)", "insert into new select id from products where id > 5", "drop table products"],
      "drop-table products",
    ],
    ["a scratch copy", ["mysql", "sqlite"], ["create table tmp as select * from products", "drop table tmp"], ""],
    [
      "a column renamed",
      ["mysql", "sqlite"],
      ["alter table products rename column name to title", "alter table products drop column title"],
      "drop-column products.title",
    ],
    ["a table renamed", ["mysql", "sqlite"], ["alter table products rename to goods", "drop table goods"], "drop-table goods"],
    [
      "a column widened before",
      ["mysql"],
      ["alter table products modify name text", "alter table products modify name varchar(60)"],
      "narrow products.name text to varchar(60)",
    ],
    [
      "a table dropped and made again",
      ["mysql", "sqlite"],
      ["drop table orders", "create table orders (id int)", "drop table orders"],
      "drop-table orders",
    ],
    ["a view made again", ["mysql", "sqlite"], ["drop view prices", "create view prices as select 2"], ""],
    [
      "a trigger made again",
      ["mysql", "sqlite"],
      ["drop trigger watch", "create trigger watch after insert on orders for each row begin end"],
      "",
    ],
    ["a view that goes", ["mysql", "sqlite"], ["drop view if exists prices"], "drop-view prices"],
    [
      "a view and a table that are not there",
      ["mysql", "sqlite"],
      ["drop view if exists gone", "drop table if exists gone", "drop trigger if exists gone"],
      "",
    ],
    ["rows through a view", ["mysql"], ["delete from prices"], "delete-all prices"],
    ["a table of another database", ["mysql"], ["drop table other.things"], "drop-table other.things"],
    ["a table named in full", ["sqlite"], ["drop table main.products"], "drop-table main.products"],
    ["replaced", ["mysql"], ["create or replace table orders (id int)", "drop table orders"], "drop-table orders"],
  ];
  for (const [what, dialects, statements, expected] of cases)
    for (const dialect of dialects)
      test(`${dialect}: ${what}`, () => {
        const plan = new PlanLosses(dialect, SCHEMA);
        const losses = statements.map((sql) => plan.note(sql));
        assert.equal(losses.flat().map(lineOf).join(", "), expected);
      });
});

test("a loss is told in one sentence, and the gravest of several counts", () => {
  const losses: Loss[] = [
    { kind: "drop-definition", type: "view", name: "v" },
    { kind: "narrow", table: "t", column: "c", from: "int", to: "tinyint" },
    { kind: "narrow", table: "t", column: "c", from: null, to: "tinyint" },
    { kind: "drop-column", table: "t", column: "c" },
  ];
  assert.deepEqual(losses.map(describeLoss), [
    "The view v is removed.",
    "The column c of t changes from int to tinyint: what does not fit is lost.",
    "The column c of t becomes tinyint, which may hold less than it does now.",
    "The column c of t is removed with its values.",
  ]);
  assert.deepEqual(
    [gravestOf(losses), gravestOf(losses.slice(0, 3)), gravestOf(losses.slice(0, 1)), gravestOf([])],
    ["deletes", "alters", "definition", null],
  );
});
