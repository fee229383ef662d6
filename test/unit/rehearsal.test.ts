import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PlannedMigration, PlanStatus } from "../../src/core/plan.js";
import { etaSeconds } from "../../src/core/run-weight.js";
import { fitsPlan, predictedClosingSeconds, type Rehearsal } from "../../src/core/rehearsal.js";
import { namesDatabase } from "../../src/core/statement-database.js";
import { changedTable } from "../../src/core/statement-tables.js";

const REHEARSAL: Rehearsal = {
  id: "r",
  at: "2026-11-01T10:00:00.000Z",
  fromVersion: "1.0.0",
  toVersion: "1.1.0",
  backupId: "b",
  status: "passed",
  error: null,
  failedStatement: null,
  migrations: ["a", "b"].map((name) => ({
    name,
    version: "1.1.0",
    sha256: "",
    ms: 10,
    statements: [],
    leftOut: 0,
    tables: [],
    losses: [],
  })),
  backupMs: 2400,
  restoreMs: 9000,
  upgradeMs: 700,
};

const PLAN = { fromVersion: "1.0.0", toVersion: "1.1.0", plan: [{ name: "a" }, { name: "b" }] };

describe("a rehearsal is of use only for a run that does the same", () => {
  const table: [what: string, run: Parameters<typeof fitsPlan>[1], fits: boolean][] = [
    ["the same", PLAN, true],
    ["from another release", { ...PLAN, fromVersion: "0.9.0" }, false],
    ["an installation", { ...PLAN, fromVersion: null }, false],
    ["to another release", { ...PLAN, toVersion: "1.2.0" }, false],
    ["one migration less", { ...PLAN, plan: [{ name: "a" }] }, false],
    ["one migration more", { ...PLAN, plan: [...PLAN.plan, { name: "c" }] }, false],
    ["another order", { ...PLAN, plan: PLAN.plan.toReversed() }, false],
  ];
  for (const [what, run, fits] of table) test(what, () => assert.equal(fitsPlan(REHEARSAL, run), fits));

  test("the closing is the backup and the upgrade, never nothing", () => {
    assert.equal(predictedClosingSeconds(REHEARSAL), 4);
    assert.equal(predictedClosingSeconds({ backupMs: 0, upgradeMs: 0 }), 1);
  });
});

describe("the time that is left, by the rehearsal", () => {
  const plan = (...entries: [PlanStatus, ms: number | null, rehearsedMs?: number][]): PlannedMigration[] =>
    entries.map(([status, ms, rehearsedMs], index) => ({
      name: String(index),
      version: "1.1.0",
      status,
      ms,
      ...(rehearsedMs === undefined ? {} : { rehearsedMs }),
    }));

  test("before the first is applied", () => assert.equal(etaSeconds(plan(["running", null, 60_000], ["pending", null, 30_000])), 90));
  test("as in the rehearsal while what was applied says little", () =>
    assert.equal(etaSeconds(plan(["applied", 900, 100], ["pending", null, 30_000])), 30));
  test("slower where the machine is slower now", () =>
    assert.equal(etaSeconds(plan(["applied", 20_000, 10_000], ["pending", null, 30_000])), 60));
  test("a guess where a migration was not rehearsed", () => assert.equal(etaSeconds(plan(["applied", 2000, 1000], ["pending", null])), 2));
});

describe("a statement that names the database", () => {
  const table: [sql: string, names: boolean][] = [
    ["update shop.products set a = 1", true],
    ["update `Shop`.`products` set a = 1", true],
    ["insert into other select * from shop . products", true],
    ["update products set a = 'shop.products'", false],
    ["update products set shop = 1", false],
    ["update myshop.products set a = 1", false],
    ["/* shop.products */ update products set a = 1", false],
    ["update products set a = 1", false],
  ];
  for (const [sql, names] of table) test(sql, () => assert.equal(namesDatabase(sql, "mysql", "shop"), names));
});

describe("the table that a statement changes", () => {
  const table: [sql: string, mysql: string | null, sqlite?: string | null][] = [
    ["alter table `products` add x int", "products"],
    ["ALTER TABLE shop.products ADD x INT", "shop.products"],
    ["create table if not exists orders (id int)", "orders"],
    ["create unique index i on products (name)", "products"],
    ["drop index i on products", "products"],
    ["drop table if exists old_products", "old_products"],
    ["insert ignore into products values (1)", "products"],
    ["replace into products values (1)", "products"],
    ["update `products` set a = 'update other set b'", "products"],
    ["delete from products where id = 1", "products"],
    ["truncate table products", "products"],
    ["/* a note */ update products set a = 1", "products"],
    ["create view v as select 1", null],
    ["create trigger t before insert on products for each row set @a = 1", null],
    ["select * from products", null],
    ["set @a = 1", null],
    ["", null],
  ];
  for (const [sql, mysql, sqlite = mysql] of table)
    test(sql || "nothing", () => {
      assert.equal(changedTable(sql, "mysql"), mysql);
      assert.equal(changedTable(sql, "sqlite"), sqlite);
    });
});
