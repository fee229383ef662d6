import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { redactStatement } from "../../src/core/statement-redaction.js";

describe("credentials in a statement's text", () => {
  const masked: [sql: string, recorded: string][] = [
    ["CREATE USER 'a'@'b' IDENTIFIED BY 'secret'", "CREATE USER '…'@'…' IDENTIFIED BY '…'"],
    ["create user if not exists a identified with x as 'secret'", "create user if not exists a identified with x as '…'"],
    ['ALTER USER a IDENTIFIED BY "secret"', "ALTER USER a IDENTIFIED BY '…'"],
    ["create user a identified via mysql_native_password using 'secret'", "create user a identified via mysql_native_password using '…'"],
    ["create user a identified via x as 0xABCDEF01", "create user a identified via x as '…'"],
    ["CREATE OR REPLACE USER a IDENTIFIED BY PASSWORD 'it''s'", "CREATE OR REPLACE USER a IDENTIFIED BY PASSWORD '…'"],
    ["grant all on *.* to a identified by 'secret'", "grant all on *.* to a identified by '…'"],
    ["/* x */ GRANT ALL ON a.* TO b IDENTIFIED\nBY 'secret\\' more'", "/* x */ GRANT ALL ON a.* TO b IDENTIFIED\nBY '…'"],
    ["set password for a = password('secret')", "set password for a = password('…')"],
    ["SET PASSWORD = 'secret'", "SET PASSWORD = '…'"],
    ["update mysql.user set authentication_string = PASSWORD('secret')", "update mysql.user set authentication_string = PASSWORD('…')"],
    ["select old_password('secret')", "select old_password('…')"],
    [
      "create server s foreign data wrapper mysql options (password 'secret')",
      "create server s foreign data wrapper mysql options (password '…')",
    ],
    ["alter server s options (password 'secret')", "alter server s options (password '…')"],
    ["change master to master_password = 'secret'", "change master to master_password = '…'"],
    ["change replication source to source_password = 'secret'", "change replication source to source_password = '…'"],
    ["start replica user = 'a' password = 'secret'", "start replica user = '…' password = '…'"],
    [
      "set statement max_statement_time=1 for create user 'a' identified by 'b'",
      "set statement max_statement_time=1 for create user '…' identified by '…'",
    ],
    [
      "create table a (b int) engine=federated connection='mysql://u:secret@h/d/t'",
      "create table a (b int) engine=federated connection='…'",
    ],
    ["/*!50000 create user a identified by 'secret' */", "/*!50000 create user a identified by '…' */"],
    ["pragma key = 'secret'", "pragma key = '…'"],
    ["attach 'a.db' as b key 'secret'", "attach '…' as b key '…'"],
    ["create user a identified by 'secret", "create user a identified by '…'"],
  ];
  for (const [sql, recorded] of masked) test(sql, () => assert.equal(redactStatement(sql), recorded));

  const kept = [
    "insert into users (name, password) values ('a', 'b')",
    "create table users (password varchar(20) default 'x', key password (password))",
    "alter table users add password varchar(255) not null default ''",
    "select 'identified by' from a where b = 'password'",
    "create table sources (source varchar(20), server varchar(20) default 'main')",
    "pragma table_info('keys')",
    "select `connection` from a where b = 'c'",
    "",
  ];
  for (const sql of kept) test(`${sql} is kept`, () => assert.equal(redactStatement(sql), sql));
});

describe("a text's length", () => {
  const bytes = (text: string): number => Buffer.byteLength(text);

  test("up to 64 kB it is recorded whole", () => {
    const sql = `select '${"x".repeat(65_527)}'`;
    assert.equal(bytes(sql), 65_536);
    assert.equal(redactStatement(sql), sql);
  });

  test("beyond that it is cut, and says how much is missing", () => {
    const sql = `insert into a values ('${"x".repeat(3_000_000)}')`;
    const recorded = redactStatement(sql);
    assert.ok(bytes(recorded) <= 65_536, String(bytes(recorded)));
    const [, missing] = / … \((\d+) more characters\)$/.exec(recorded) ?? assert.fail(recorded.slice(-100));
    assert.equal(sql.length, recorded.lastIndexOf(" … ") + Number(missing));
  });

  test("bytes count, not characters, and none is cut in two", () => {
    const recorded = redactStatement(`'${"😀".repeat(20_000)}'`);
    assert.ok(bytes(recorded) <= 65_536);
    assert.match(recorded, /^'(?:😀)+ … /u);
  });

  test("what is beyond the cut is masked before it is cut", () => {
    const sql = `create user a identified by '${"s".repeat(70_000)}' comment 'c'`;
    assert.equal(redactStatement(sql), "create user a identified by '…' comment '…'");
  });
});
