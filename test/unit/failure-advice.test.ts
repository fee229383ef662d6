import assert from "node:assert/strict";
import { describe, test } from "node:test";
import knex from "knex";
import { isConnectionLost, isDeadlock, isLockWaitTimeout, isReadOnlyServer } from "../../src/store/driver-errors.js";
import { adviseOnFailure } from "../../src/upgrade/failure-advice.js";
import { FAILURE_RULES } from "../../src/upgrade/failure-rules.js";

/** As mysql2 and knex make it: the statement stands before the server's text. */
function mysqlError(errno: number, sqlMessage = "some text", code: string | undefined = "ER_SOME"): Error {
  return Object.assign(new Error(`alter table \`a - b\` add x - ${sqlMessage}`), { errno, code, sqlMessage, sqlState: "HY000" });
}

/** As better-sqlite3 and libsql make it, knex's statement before. */
function sqliteError(code: string, text: string, more: object = {}): Error {
  return Object.assign(new Error(`insert into \`a\` values (1) - ${text}`), { code, ...more });
}

function nodeError(code: string): Error {
  return Object.assign(new Error(`connect ${code} 127.0.0.1:3306`), { code, errno: -111, syscall: "connect", fatal: true });
}

const TABLE: readonly [what: string, errors: readonly unknown[], says: RegExp][] = [
  [
    "connection lost or refused",
    [
      ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "PROTOCOL_CONNECTION_LOST"].map(nodeError),
      Object.assign(new AggregateError([nodeError("ECONNREFUSED")]), { code: "ECONNREFUSED", fatal: true }),
      ...[1053, 1152, 1159, 1927, 2006, 2013, 4031].map((errno) => mysqlError(errno)),
      Object.assign(new Error("select 1 - Can't add new command when connection is in closed state"), { fatal: true }),
    ],
    /connection to the database server was lost/,
  ],
  [
    "a pool that gives none",
    [new knex.KnexTimeoutError("Knex: Timeout acquiring a connection. The pool is probably full.")],
    /to be had in time/,
  ],
  [
    "read-only server",
    [
      mysqlError(1290, "The MariaDB server is running with the --read-only option so it cannot execute this statement"),
      mysqlError(1290, "The MySQL server is running with the --super-read-only option so it cannot execute this statement"),
      mysqlError(1792, "Cannot execute statement in a READ ONLY transaction"),
      mysqlError(1836, "Running in read-only mode"),
    ],
    /read-only, as a replica/,
  ],
  ["deadlock", [mysqlError(1213)], /kept changing the same rows/],
  ["lock wait", [mysqlError(1205)], /held a lock/],
  [
    "disk full",
    [
      mysqlError(1021),
      mysqlError(1114, "The table 'a' is full"),
      mysqlError(3, "Error writing file './x.MYD' (OS errno 28 - No space left on device)"),
      mysqlError(1026, `Error writing file 'x' (errno: 28 "No space left on device")`),
      mysqlError(1030, "Got error 28 from storage engine"),
      mysqlError(1030, "Got error 122 'Disk quota exceeded' from Aria"),
      mysqlError(1005, `Can't create table \`a\`.\`b\` (errno: 28 "No space left on device")`),
      sqliteError("SQLITE_FULL", "database or disk is full"),
    ],
    /no space left/,
  ],
  ["wrong account", [1044, 1045, 1130, 1698].map((errno) => mysqlError(errno)), /refused the account/],
  ["a lost privilege", [1142, 1143, 1227, 1370].map((errno) => mysqlError(errno)), /lacks a right/],
  ["triggers under a binary log", [mysqlError(1419)], /binary log/],
  ["too many connections", [1040, 1203, 1226].map((errno) => mysqlError(errno)), /no connection left/],
  [
    "a packet too large",
    [mysqlError(1153), mysqlError(2020), sqliteError("SQLITE_TOOBIG", "string or blob too big")],
    /max_allowed_packet/,
  ],
  ["row or index too long", [mysqlError(1071), mysqlError(1118)], /longer than this server allows/],
  [
    "a duplicate",
    [
      mysqlError(1062, "Duplicate entry 'errno: 28' for key 'b'"),
      sqliteError("SQLITE_CONSTRAINT_UNIQUE", "UNIQUE constraint failed: t.b"),
      sqliteError("SQLITE_CONSTRAINT_PRIMARYKEY", "UNIQUE constraint failed: t.a"),
    ],
    /the same value where each must have its own/,
  ],
  [
    "rows without their parents",
    [mysqlError(1451), mysqlError(1452), sqliteError("SQLITE_CONSTRAINT_FOREIGNKEY", "FOREIGN KEY constraint failed")],
    /Rows refer to other rows/,
  ],
  [
    "a foreign key that does not fit",
    [
      mysqlError(1215),
      mysqlError(3780),
      mysqlError(1005, `Can't create table \`a\`.\`b\` (errno: 150 "Foreign key constraint is incorrectly formed")`),
    ],
    /foreign key/,
  ],
  [
    "something unknown",
    [
      mysqlError(1054),
      mysqlError(1146),
      mysqlError(1091),
      sqliteError("SQLITE_ERROR", "no such column: nix"),
      sqliteError("SQLITE_ERROR", "no such table: nix"),
    ],
    /that this database does not have/,
  ],
  [
    "something that exists",
    [
      ...[1050, 1060, 1061, 1826].map((errno) => mysqlError(errno)),
      sqliteError("SQLITE_ERROR", "table t already exists"),
      sqliteError("SQLITE_ERROR", "duplicate column name: a"),
    ],
    /is there already/,
  ],
  ["syntax", [mysqlError(1064), sqliteError("SQLITE_ERROR", 'near "inser": syntax error')], /did not understand/],
  [
    "no value",
    [mysqlError(1048), mysqlError(1364), sqliteError("SQLITE_CONSTRAINT_NOTNULL", "NOT NULL constraint failed: t.c")],
    /have no value/,
  ],
  ["values that don't fit", [1265, 1264, 1406, 1366].map((errno) => mysqlError(errno)), /don't fit the column/],
  [
    "a check",
    [
      mysqlError(3819),
      mysqlError(4025, "CONSTRAINT `positive` failed for `a`.`t`", undefined),
      sqliteError("SQLITE_CONSTRAINT_CHECK", "CHECK constraint failed: a > 0"),
    ],
    /a rule of the table/,
  ],
  [
    "killed, or too slow",
    [mysqlError(1317), mysqlError(3024), mysqlError(1969, "max_statement_time exceeded", undefined)],
    /ended a statement/,
  ],
  ["a crashed table", [mysqlError(1034), mysqlError(1194), mysqlError(1195), mysqlError(1932)], /damaged/],
  ["a Galera node alone", [mysqlError(1047, "WSREP has not yet prepared node for application use")], /cluster is not ready/],
  [
    "SQLite, busy",
    [sqliteError("SQLITE_BUSY", "database is locked"), sqliteError("SQLITE_BUSY_SNAPSHOT", "x"), sqliteError("SQLITE_LOCKED", "x")],
    /holds the database locked/,
  ],
  [
    "SQLite, damaged",
    [sqliteError("SQLITE_CORRUPT", "x"), sqliteError("SQLITE_CORRUPT_INDEX", "x"), sqliteError("SQLITE_NOTADB", "x")],
    /file is damaged/,
  ],
  [
    "SQLite, not to be written",
    [sqliteError("SQLITE_READONLY", "x"), sqliteError("SQLITE_READONLY_DBMOVED", "x"), sqliteError("SQLITE_CANTOPEN", "x")],
    /can't be opened or written/,
  ],
  ["SQLite, a broken disk", [sqliteError("SQLITE_IOERR", "x"), sqliteError("SQLITE_IOERR_WRITE", "x", { errno: 10 })], /disk failed/],
  ["SQLite's numbers are not MySQL's", [sqliteError("SQLITE_FULL", "x", { errno: 1213 })], /no space left/],
  ["a cause below", [new Error("outer", { cause: new Error("middle", { cause: mysqlError(1213) }) })], /kept changing the same rows/],
];

describe("advice on a driver's error", () => {
  for (const [what, errors, says] of TABLE)
    test(what, () => {
      for (const error of errors) assert.match(adviseOnFailure(error)?.message ?? "no advice", says, String(error));
    });

  test("none for others", () => {
    const circular = new Error("its own cause");
    circular.cause = circular;
    const others = [
      null,
      undefined,
      "no such table: x",
      42,
      {},
      new Error("no such table, syntax error, errno: 28"),
      new TypeError("x is not a function"),
      new TypeError("fetch failed", { cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED", errno: -111 }) }),
      Object.assign(new Error("x"), { code: "ENOENT", errno: -2 }),
      Object.assign(new Error("x"), { code: 1213, errno: "1213" }),
      mysqlError(1290, "The server is running with the --secure-file-priv option so it cannot execute this statement"),
      mysqlError(1105, "Unknown error"),
      mysqlError(1030, "Got error 128 from storage engine", undefined),
      sqliteError("SQLITE_ERROR", "no tables specified"),
      circular,
    ];
    for (const error of others) assert.equal(adviseOnFailure(error), null, String(error));
  });

  test("reads well, and says each thing once", () => {
    for (const { message, remedy } of FAILURE_RULES) {
      assert.match(message, /^[A-Z].*[^.]\.$/);
      assert.match(remedy, /^[A-Z].*[^.]\.$/);
    }
    const numbers = FAILURE_RULES.flatMap(({ errnos = [] }) => errnos);
    assert.equal(new Set(numbers).size, numbers.length);
  });
});

test("each kind of error that the engine acts on is told from the others", () => {
  const predicates = { isConnectionLost, isDeadlock, isLockWaitTimeout, isReadOnlyServer };
  const told = (error: unknown): string[] => Object.entries(predicates).flatMap(([name, holds]) => (holds(error) ? [name] : []));
  assert.deepEqual(told(mysqlError(2013)), ["isConnectionLost"]);
  assert.deepEqual(told(nodeError("ECONNRESET")), ["isConnectionLost"]);
  assert.deepEqual(told(mysqlError(1213)), ["isDeadlock"]);
  assert.deepEqual(told(mysqlError(1205)), ["isLockWaitTimeout"]);
  assert.deepEqual(told(mysqlError(1836)), ["isReadOnlyServer"]);
  for (const other of [null, undefined, "text", 1213, new Error("x"), mysqlError(1062), sqliteError("SQLITE_READONLY", "x")])
    assert.deepEqual(told(other), []);
});
