import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Knex } from "knex";
import { connectHost, databaseSource } from "../../src/store/connect.js";
import { isConnectionLost, isDeadlock, isLockWaitTimeout, isReadOnlyServer } from "../../src/store/driver-errors.js";
import { adviseOnFailure } from "../../src/upgrade/failure-advice.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { freePort } from "../support/mariadb.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
const folder = mkdtempSync(path.join(os.tmpdir(), "upgate-advice-"));
after(async () => {
  for (const kind of kinds) await kind.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function withKnex<T>(address: string, use: (knex: Knex) => Promise<T>): Promise<T> {
  const knex = connectHost(databaseSource(address, folder));
  try {
    return await use(knex);
  } finally {
    await knex.destroy();
  }
}

/** The error that is provoked; fails when there is none. */
async function errorOf(provoke: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    await provoke();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was thrown");
}

function assertAdvice(error: unknown, says: RegExp): void {
  assert.match(adviseOnFailure(error)?.message ?? "no advice", says, String(error));
}

const COMMON: readonly [what: string, statements: readonly string[], says: RegExp][] = [
  ["a unique key over equal values", ["create unique index u on t (b)"], /the same value where each must have its own/],
  ["a second row with the same key", ["insert into t values (1, 'x', 1)"], /the same value/],
  ["a row without its parent", ["insert into child values (1, 999)"], /Rows refer to other rows/],
  ["a parent removed", ["insert into child values (2, 1)", "delete from t where a = 1"], /Rows refer to other rows/],
  ["an unknown column", ["select nix from t"], /does not have/],
  ["an unknown table", ["insert into nix values (1)"], /does not have/],
  ["a table that exists", ["create table t (a integer)"], /is there already/],
  ["a column that exists", ["alter table t add column b integer"], /is there already/],
  ["an index that exists", ["create index i on t (c)", "create index i on t (c)"], /is there already/],
  ["no SQL", ["inser into t values (9)"], /did not understand/],
  ["no value", ["insert into t (a, b, c) values (10, null, 1)"], /have no value/],
  ["a value against a check", ["insert into t values (11, 'x', -1)"], /a rule of the table/],
];

/** Two rows with equal `b`, and a table that refers to them. */
async function fill(knex: Knex): Promise<void> {
  await knex.raw("create table t (a integer not null primary key, b varchar(20) not null, c integer not null, check (c > 0))");
  await knex.raw("create table child (id integer not null primary key, t_a integer, foreign key (t_a) references t (a))");
  await knex.raw("insert into t values (1, 'same', 1), (2, 'same', 1)");
}

async function provokeAll(knex: Knex, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await knex.raw(statement);
}

function adviceOnSqlite(kind: DatabaseKind): void {
  const withTables = async (use: (knex: Knex, file: string) => Promise<void>): Promise<void> => {
    const { address } = await kind.create();
    await withKnex(address, async (knex) => {
      await knex.raw("pragma foreign_keys = on");
      await fill(knex);
      await use(knex, address.slice("sqlite:".length));
    });
  };

  for (const [what, statements, says] of COMMON)
    it(what, () => withTables(async (knex) => assertAdvice(await errorOf(() => provokeAll(knex, statements)), says)));

  it("a full disk", () =>
    withTables(async (knex) => {
      const [{ page_count: pages }] = await knex.raw("pragma page_count");
      await knex.raw(`pragma max_page_count = ${pages}`);
      assertAdvice(await errorOf(() => knex.raw("insert into t values (3, zeroblob(100000), 1)")), /no space left/);
    }));

  it("a file that another connection has locked", () =>
    withTables(async (knex, file) =>
      withKnex(`sqlite:${file}`, async (other) => {
        await other.raw("begin immediate");
        await knex.raw("pragma busy_timeout = 0");
        assertAdvice(await errorOf(() => knex.raw("update t set c = 2")), /holds the database locked/);
        await other.raw("rollback");
      }),
    ));

  it("a connection that must not write", () =>
    withTables(async (knex) => {
      await knex.raw("pragma query_only = on");
      assertAdvice(await errorOf(() => knex.raw("update t set c = 2")), /can't be opened or written/);
    }));

  it("a folder in place of the file", async () => {
    mkdirSync(path.join(folder, "folder.db"));
    assertAdvice(await errorOf(() => withKnex("sqlite:folder.db", (knex) => knex.raw("select 1"))), /can't be opened or written/);
  });

  it("a file that is no database, and a damaged one", async () => {
    writeFileSync(path.join(folder, "text.db"), "This is a text. ".repeat(1000));
    const readAll = (name: string) => errorOf(() => withKnex(`sqlite:${name}`, (knex) => knex.raw("select * from t order by b")));
    assertAdvice(await readAll("text.db"), /file is damaged/);
    await withTables(async (knex, file) => {
      for (let a = 3; a < 300; a++) await knex.raw("insert into t values (?, ?, 1)", [a, `value ${a}`]);
      await knex.raw("pragma wal_checkpoint(truncate)");
      copyFileSync(file, path.join(folder, "damaged.db"));
    });
    const bytes = readFileSync(path.join(folder, "damaged.db"));
    writeFileSync(path.join(folder, "damaged.db"), bytes.fill(0xee, 4096));
    assertAdvice(await readAll("damaged.db"), /file is damaged/);
  });
}

function adviceOnServer(kind: DatabaseKind): void {
  const isMariaDb = kind.name === "MariaDB";
  const withTables = async (use: (knex: Knex, address: string) => Promise<void>): Promise<void> => {
    const { address, drop } = await kind.create();
    try {
      await withKnex(address, async (knex) => {
        await fill(knex);
        await use(knex, address);
      });
    } finally {
      await drop();
    }
  };
  /** An account with these rights on the test's database only. */
  const withAccount = (rights: string, use: (account: Knex, address: string, root: Knex) => Promise<void>, limits = ""): Promise<void> =>
    withTables(async (root, address) => {
      const url = new URL(address);
      const user = `${url.pathname.slice(1)}_u`;
      await root.raw(`create user '${user}'@'%' identified by 'Secret-1' ${limits}`);
      try {
        if (rights !== "") await root.raw(`grant ${rights} on ${url.pathname.slice(1)}.* to '${user}'@'%'`);
        [url.username, url.password] = [user, "Secret-1"];
        await withKnex(url.href, (account) => use(account, url.href, root));
      } finally {
        await root.raw(`drop user '${user}'@'%'`);
      }
    });

  for (const [what, statements, says] of COMMON)
    it(what, () => withTables(async (knex) => assertAdvice(await errorOf(() => provokeAll(knex, statements)), says)));

  const SERVERS: typeof COMMON = [
    ["a number too large", ["insert into t values (20, 'x', 99999999999)"], /don't fit the column/],
    ["a text too long", ["alter table t modify b varchar(2) not null"], /don't fit the column/],
    ["a text that is no number", ["alter table t modify b integer not null"], /don't fit the column/],
    ["an index too long", ["create table l (a varchar(4000) primary key) charset utf8mb4"], /longer than this server allows/],
    ["a row too long", ["create table l (a varchar(9000), b varchar(9000)) charset utf8mb4"], /longer than this server allows/],
    ["columns of a foreign key that differ", ["create table l (t_a varchar(20), foreign key (t_a) references t (a))"], /foreign key/],
    ["an index that a foreign key needs", ["alter table child drop index t_a"], /foreign key/],
    ["nothing to drop", ["alter table t drop column nix"], /does not have/],
    [
      "a full table",
      [
        "set session max_heap_table_size = 16384",
        "create table m (a char(255)) engine = memory",
        `insert into m values ${Array.from({ length: 200 }, () => "('x')").join()}`,
      ],
      /no space left/,
    ],
  ];
  for (const [what, statements, says] of SERVERS)
    it(what, () =>
      withTables(async (knex) => {
        const error = await errorOf(() => knex.transaction((trx) => provokeAll(trx, statements)));
        assertAdvice(error, says);
      }),
    );

  it("a deadlock", () =>
    withTables(async (knex) => {
      const change = (trx: Knex, a: number) => trx("t").where({ a }).increment("c", 1);
      const [first, second] = [await knex.transaction(), await knex.transaction()];
      await change(first, 1);
      await change(second, 2);
      const both = await Promise.allSettled([change(first, 2), change(second, 1)]);
      await Promise.allSettled([first.rollback(), second.rollback()]);
      const [lost] = both.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
      assert.equal(isDeadlock(lost), true, String(lost));
      assertAdvice(lost, /kept changing the same rows/);
    }));

  it("a lock that is not given up", () =>
    withTables(async (knex) => {
      const [holder, waiter] = [await knex.transaction(), await knex.transaction()];
      await holder("t").where({ a: 1 }).increment("c", 1);
      await waiter.raw("set session innodb_lock_wait_timeout = 1");
      const error = await errorOf(() => waiter("t").where({ a: 1 }).increment("c", 1));
      await Promise.all([holder.rollback(), waiter.rollback()]);
      assert.equal(isLockWaitTimeout(error), true, String(error));
      assertAdvice(error, /held a lock/);
    }));

  it("a table locked against its change", () =>
    withTables(async (knex) => {
      const holder = await knex.transaction();
      await holder("t").select();
      const error = await errorOf(() =>
        knex.transaction((trx) => provokeAll(trx, ["set session lock_wait_timeout = 1", "alter table t add d integer"])),
      );
      await holder.rollback();
      assert.equal(isLockWaitTimeout(error), true, String(error));
    }));

  /** Ends a statement that waits for a lock, or its connection. */
  const killed = (what: "query" | "connection"): Promise<unknown> => {
    let error: unknown;
    return withTables(async (knex) => {
      const [holder, waiter] = [await knex.transaction(), await knex.transaction()];
      await holder("t").where({ a: 1 }).increment("c", 1);
      const [[{ id }]] = await waiter.raw("select connection_id() as id");
      const waiting = errorOf(() => waiter("t").where({ a: 1 }).increment("c", 1));
      await until("the statement to wait", async () => {
        const [rows] = await knex.raw("select info from information_schema.processlist where id = ?", [id]);
        return /update/i.test(rows[0]?.info ?? rows[0]?.INFO ?? "");
      });
      await knex.raw(`kill ${what} ${id}`);
      error = await waiting;
      await Promise.allSettled([holder.rollback(), waiter.rollback()]);
    }).then(() => error);
  };

  it("a killed statement", async () => assertAdvice(await killed("query"), /ended a statement/));

  it("a killed connection", async () => {
    const error = await killed("connection");
    assert.equal(isConnectionLost(error), true, String(error));
    assertAdvice(error, /was lost/);
  });

  it("a statement beyond the server's time", () =>
    withTables(async (knex) => {
      const holder = await knex.transaction();
      await holder("t").where({ a: 1 }).increment("c", 1);
      const slow = isMariaDb
        ? "set statement max_statement_time = 0.05 for update t set c = 2"
        : "select /*+ max_execution_time(50) */ a from t for update";
      assertAdvice(await errorOf(() => knex.raw(slow)), /ended a statement/);
      await holder.rollback();
    }));

  it("a server that is not there, and one without that name", async () => {
    const port = await freePort();
    for (const host of [`127.0.0.1:${port}`, "nowhere.invalid"]) {
      const error = await errorOf(() => withKnex(`mysql://root@${host}/x`, (knex) => knex.raw("select 1")));
      assert.equal(isConnectionLost(error), true, String(error));
      assertAdvice(error, /could not be made/);
    }
  });

  it("a wrong password, and a database that is not the account's", () =>
    withAccount("", async (account, address) => {
      assertAdvice(await errorOf(() => account.raw("select 1")), /refused the account/);
      const url = new URL(address);
      url.password = "wrong";
      assertAdvice(await errorOf(() => withKnex(url.href, (knex) => knex.raw("select 1"))), /refused the account/);
    }));

  it("rights that are missing", () =>
    withAccount("select, trigger", async (account) => {
      for (const statement of ["create table x (a integer)", "update t set c = 2", "set global max_connections = 500"])
        assertAdvice(await errorOf(() => account.raw(statement)), /lacks a right/);
      // MySQL writes a binary log unless told not to.
      if (isMariaDb) return;
      const trigger = "create trigger tr before insert on t for each row set new.c = 1";
      assertAdvice(await errorOf(() => account.raw(trigger)), /binary log/);
    }));

  it("too many connections", () =>
    withAccount(
      "select",
      async (account, address) => {
        await account.raw("select 1");
        assertAdvice(await errorOf(() => withKnex(address, (knex) => knex.raw("select 1"))), /no connection left/);
      },
      "with max_user_connections 1",
    ));

  it("a transaction that must not write", () =>
    withTables(async (knex) => {
      const error = await errorOf(() => knex.transaction((trx) => trx.raw("update t set c = 2"), { readOnly: true }));
      assert.equal(isReadOnlyServer(error), true, String(error));
      assertAdvice(error, /read-only/);
    }));

  // The settings of a whole server: only on the tests' own.
  if (!isMariaDb) return;

  it("a read-only server", () =>
    withAccount("all", async (account, _address, root) => {
      await root.raw("set global read_only = 1");
      try {
        const error = await errorOf(() => account.raw("update t set c = 2"));
        assert.equal(isReadOnlyServer(error), true, String(error));
        assertAdvice(error, /read-only/);
      } finally {
        await root.raw("set global read_only = 0");
      }
    }));

  it("a packet that is too large", () =>
    withTables(async (root, address) => {
      const [[{ size }]] = await root.raw("select @@global.max_allowed_packet as size");
      await root.raw("set global max_allowed_packet = 65536");
      try {
        const error = await withKnex(address, (knex) => errorOf(() => knex.raw("select ?", ["x".repeat(100_000)])));
        assertAdvice(error, /max_allowed_packet/);
      } finally {
        await root.raw(`set global max_allowed_packet = ${size}`);
      }
    }));
}

for (const kind of kinds)
  describe(`advice on what ${kind.name} says`, () => (kind.name === "SQLite" ? adviceOnSqlite(kind) : adviceOnServer(kind)));
