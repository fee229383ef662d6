import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { insertStatements, JournalLog } from "../../src/upgrade/journal/journal-log.js";
import { foundationOf } from "../../src/upgrade/journal/foundation.js";
import { classifyStatement, type Definition } from "../../src/core/statement.js";
import { hasSeveralStatements } from "../../src/core/statement-several.js";

describe("the journal's numbers", () => {
  test("are contiguous, and used up only by what was committed", () => {
    const log = new JournalLog("run", 3, 7);
    const rows = log.number([
      { kind: "read", migration: "m" },
      { kind: "write", migration: "m" },
    ]);
    assert.deepEqual(
      rows.map(({ sequence, token, runId }) => [runId, sequence, token]),
      [
        ["run", 8, 3],
        ["run", 9, 3],
      ],
    );
    assert.equal(log.next, 8);
    log.committed(2);
    assert.equal(log.next, 10);
    assert.equal(log.number([{ kind: "write", migration: "m" }], 5)[0]?.sequence, 15);
  });

  test("go into as few statements as the servers' limits allow", () => {
    const log = new JournalLog("run", 1, 0);
    const small = log.number(Array.from({ length: 450 }, () => ({ kind: "write", migration: "m" })));
    assert.equal(insertStatements(small).length, 3);
    const large = log.number(Array.from({ length: 4 }, () => ({ kind: "write", migration: "m", statement: "x".repeat(100_000) })));
    assert.equal(insertStatements(large).length, 2);
    assert.deepEqual(insertStatements([]), []);
  });
});

describe("a table that is made from nothing", () => {
  const CREATE = "create table `t` (`id` int)";
  const of = (announced: readonly string[], preState: Record<string, string | null> = { "table t": null }): string | null =>
    foundationOf(classifyStatement(CREATE, "mysql") as Definition, preState, announced, CREATE);

  test("needs one intent for itself and its indexes and foreign keys", () => {
    assert.equal(
      of([CREATE, "alter table `t` add index `i`(`id`)", "alter table `t` add constraint `f` foreign key (`id`) references `u` (`id`)"]),
      "t",
    );
  });

  test("needs one for each statement where it was there before, or where something else is changed with it", () => {
    assert.equal(of([CREATE, "alter table `t` add index `i`(`id`)"], { "table t": "some hash" }), null);
    assert.equal(of([CREATE, "alter table `u` add index `i`(`id`)"]), null);
    assert.equal(of([CREATE, "insert into `t` values (1)"]), null);
    assert.equal(of([CREATE, "alter table `t` rename to `u`"]), null);
    assert.equal(of([CREATE]), null);
    assert.equal(of([]), null);
  });
});

describe("several statements in one text", () => {
  const cases: readonly [sql: string, several: boolean][] = [
    ["update t set a = 1; alter table t add b int", true],
    ["select 1;", false],
    ["select 1; -- the end", false],
    ["insert into t values ('a; b')", false],
    ["insert into t values ('it\\'s; fine')", false],
    ["create procedure p() begin select 1; select 2; end", false],
    ["create table `a;b` (n int)", false],
  ];
  for (const [sql, several] of cases) test(`${sql}: ${several}`, () => assert.equal(hasSeveralStatements(sql), several));
});
