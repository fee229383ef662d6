import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withoutValues } from "../../src/core/statement-values.js";

describe("a statement as people are shown it", () => {
  const table: [sql: string, shown: string, dialect?: "sqlite"][] = [
    ["update users set email = 'ann@example.com', age = 41 where id = 7", "update users set email = ?, age = ? where id = ?"],
    [
      "/* upgate:20261122T131402-9f2c4e1a:4:2 */ insert into `t` values (1.5, -2, x'ff', \"it's\")",
      "insert into `t` values (?, -?, x?, ?)",
    ],
    ["insert into t2 (c3) select 'a''b' from t", "insert into t2 (c3) select ? from t"],
    ["delete from t where a = 'cut off in the mid", "delete from t where a = ?"],
    [
      "alter table `t` add column `state` enum('new', 'old') not null default 'new'",
      "alter table `t` add column `state` enum('new', 'old') not null default 'new'",
    ],
    [
      "create table copy as select * from users where email = 'ann@example.com'",
      "create table copy as select * from users where email = ?",
    ],
    ["create user 'app'@'%' identified by 'hunter22'", "create user '…'@'…' identified by '…'"],
    ['update "t" set "a" = 5', 'update "t" set "a" = ?', "sqlite"],
    ["update t set a = ?", "update t set a = ?"],
    ["call fill('Bob', 3)", "call fill(?, ?)"],
    ["set @who = 'Bob'", "set @who = ?"],
  ];
  for (const [sql, shown, dialect = "mysql" as const] of table) test(sql, () => assert.equal(withoutValues(sql, dialect), shown));

  test("is cut where it is long", () => {
    const text = withoutValues(`alter table t ${"add column a int, ".repeat(500)}`, "mysql", 100);
    assert.equal(text.length, 100);
    assert.match(text, /…$/);
  });
});
