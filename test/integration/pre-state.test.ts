import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import mysql from "mysql2/promise";
import { classifyStatement, type Definition } from "../../src/core/statement.js";
import { judgeOutcome, readPreState, sameState } from "../../src/store/pre-state.js";
import { type SendSql, TableCatalogue } from "../../src/store/table-catalogue.js";
import { databaseKinds, type DatabaseKind } from "../support/databases.js";
import { BASE, DEFINITION_KINDS, type DefinitionKind } from "../support/definition-kinds.js";
import { dump } from "../support/dump.js";
import { startMariaDb } from "../support/mariadb.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) if (kind.name !== "SQLite") describe(`statements in doubt on ${kind.name}`, () => statementsOn(kind));

/** A new database with what is given, and those tables of the base that `named` names, for one connection. */
async function within(kind: DatabaseKind, given: readonly string[], named: string, work: (send: SendSql) => Promise<void>): Promise<void> {
  const database = await kind.create();
  const connection = await mysql.createConnection(database.address);
  const send: SendSql = async (sql) => (await connection.query(sql))[0] as unknown as Record<string, unknown>[];
  try {
    const mentioned = [...given, named].join(" ");
    const base = Object.entries(BASE).flatMap(([table, statements]) => (mentioned.includes(table) ? statements : []));
    for (const sql of [...base, ...given]) await send(sql);
    await work(send);
  } finally {
    await connection.end();
    await database.drop();
  }
}

function statementsOn(kind: DatabaseKind): void {
  for (const { sql, settled, given = [], only } of DEFINITION_KINDS) {
    if (only !== undefined && only !== kind.name) continue;
    it(`${sql}: ${settled}`, async () => {
      const statement = classifyStatement(sql, "mysql");
      if (settled === "undecidable") return assert.equal(statement.kind, settled);
      if (settled === "repeatable") {
        assert.equal(statement.kind, settled);
        return within(kind, given, sql, (send) => repeatedIsTheSame(send, sql));
      }
      assert.equal(statement.kind, "definition");
      await within(kind, given, sql, (send) => settles(send, { sql, settled }, statement as Definition));
    });
  }

  catalogueOn(kind);
}

async function settles(send: SendSql, { sql, settled }: DefinitionKind, statement: Definition): Promise<void> {
  const catalogue = await TableCatalogue.read(send);
  const before = await readPreState(send, statement.targets, catalogue);
  assert.deepEqual(before, await readPreState(send, statement.targets, null), "the catalogue only saves queries");
  assert.ok(sameState(before, await readPreState(send, statement.targets, null)), "not applied is seen");

  await send(sql);
  const now = await readPreState(send, statement.targets, null);
  assert.equal(judgeOutcome(statement, before, now), settled === "compared" ? "changed" : "unchanged");
  assert.equal(sameState(before, now), settled !== "compared");
  await followed(send, catalogue, statement);
  if (settled === "repeated" || statement.repeatable) await repeatedIsTheSame(send, sql);
}

/** It was carried out already. */
async function repeatedIsTheSame(send: SendSql, sql: string): Promise<void> {
  await send(sql);
  const once = await dump(send);
  await send(sql);
  assert.deepEqual(await dump(send), once);
}

/** A catalogue that was told of the statement is what a new one would be, or says that it is stale. */
async function followed(send: SendSql, catalogue: TableCatalogue, statement: Definition): Promise<void> {
  catalogue.note(statement);
  if (catalogue.stale) return;
  const fresh = await TableCatalogue.read(send);
  assert.deepEqual([...catalogue.nonTransactional()].toSorted(), [...fresh.nonTransactional()].toSorted());
  for (const name of [...statement.creates, ...statement.drops, "twin", "other", "absent"])
    assert.equal(catalogue.exists(name), fresh.exists(name), name);
}

function catalogueOn(kind: DatabaseKind): void {
  it("a table that the catalogue knows to be absent costs no query", () =>
    within(kind, [], "twin other shops", async (send) => {
      const catalogue = await TableCatalogue.read(send);
      const refuse: SendSql = async (sql) => assert.fail(sql);
      const { targets } = classifyStatement("CREATE TABLE fresh (id INT)", "mysql") as Definition;
      assert.deepEqual(await readPreState(refuse, targets, catalogue), { "table fresh": null });
      await assert.rejects(readPreState(refuse, [{ type: "table", name: "mysql.user", path: ["mysql", "user"] }], catalogue));
      catalogue.note(classifyStatement("CALL work()", "mysql"));
      await assert.rejects(readPreState(refuse, targets, catalogue), /SHOW CREATE TABLE `fresh`/);
    }));

  it("tables without transactions are known by name", () =>
    within(kind, ["CREATE TABLE `log``s` (id INT) ENGINE=MyISAM", "CREATE TABLE heap (id INT) ENGINE=MEMORY"], "", async (send) => {
      const catalogue = await TableCatalogue.read(send);
      assert.deepEqual([...catalogue.nonTransactional()].toSorted(), ["heap", "log`s"]);
      for (const sql of [
        "INSERT INTO heap VALUES (1)",
        "insert into `heap` values (1)",
        "DELETE FROM `log``s`",
        "update twin, heap set v = 1",
      ])
        assert.equal(catalogue.mentionsNonTransactional(sql), true, sql);
      for (const sql of ["INSERT INTO heaps VALUES (1)", "insert into twin values ('heap')", "select 1 -- heap", "delete from theheap"])
        assert.equal(catalogue.mentionsNonTransactional(sql), false, sql);
    }));

  it("a dropped table of several is told from all of them dropped", () =>
    within(kind, [], "twin other shops", async (send) => {
      for (const sql of ["DROP TABLE twin, other", "DROP TABLE IF EXISTS twin, other, absent", "RENAME TABLE twin TO a, other TO b"]) {
        const statement = classifyStatement(sql, "mysql") as Definition;
        const before = await readPreState(send, statement.targets, null);
        await send("CREATE TABLE kept LIKE twin");
        await send("DROP TABLE twin");
        assert.equal(judgeOutcome(statement, before, await readPreState(send, statement.targets, null)), "partly", sql);
        await send("RENAME TABLE kept TO twin");
      }
    }));

  it("rows that come and go change nothing in the state", () =>
    within(kind, [], "twin other shops", async (send) => {
      const targets = [{ type: "table", name: "shops", path: ["shops"] }] as const;
      const before = await readPreState(send, targets, null);
      await send("INSERT INTO shops (name) VALUES ('d'), ('e')");
      assert.deepEqual(await readPreState(send, targets, null), before);
    }));

  it("a table that may not be looked at is an error, not an absence", () =>
    within(kind, [], "twin other shops", async (send) => {
      const targets = [{ type: "view", name: "mysql.proc's", path: ["", ""] }] as const;
      await assert.rejects(readPreState(send, targets, null));
    }));
}

describe("a MariaDB that folds the case of names", () => {
  it("compares names as it does", async () => {
    const server = await startMariaDb({ settings: ["--lower-case-table-names=1"] });
    try {
      const connection = await mysql.createConnection(server.url("mysql"));
      const send: SendSql = async (sql) => (await connection.query(sql))[0] as unknown as Record<string, unknown>[];
      for (const sql of ["CREATE DATABASE Shop", "USE Shop", "CREATE TABLE Logs (id INT) ENGINE=MyISAM"]) await send(sql);
      const catalogue = await TableCatalogue.read(send);
      for (const name of ["Logs", "LOGS", "logs", "SHOP.Logs"]) assert.ok(catalogue.exists(name), name);
      assert.ok(catalogue.mentionsNonTransactional("insert into LOGS values (1)"));
      catalogue.note(classifyStatement("RENAME TABLE LOGS TO Old", "mysql"));
      assert.deepEqual([catalogue.exists("logs"), catalogue.exists("OLD")], [false, true]);
      assert.equal(classifyStatement("RENAME TABLE a TO b, B TO A", "mysql").kind, "undecidable");
      await connection.end();
    } finally {
      await server.stop();
    }
  });
});
