import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bindingsHash, RowsDigest, statementHash } from "../../src/upgrade/journal/fingerprints.js";

const NOW = Date.parse("2026-11-22T10:00:00Z");
const hash = (...values: unknown[]): string | null => bindingsHash("key", values, NOW);

describe("a statement's hash", () => {
  test("is the same for knex's savepoints and table copies, which it names anew each time", () => {
    assert.equal(statementHash("SAVEPOINT trx7;"), statementHash("SAVEPOINT trx12;"));
    assert.equal(statementHash("CREATE TABLE `_knex_temp_alter123` (a)"), statementHash("CREATE TABLE `_knex_temp_alter9` (a)"));
    assert.notEqual(statementHash("select 1"), statementHash("select 2"));
  });
});

describe("the hash of the values", () => {
  test("is null without any, and another under another key", () => {
    assert.equal(hash(), null);
    assert.notEqual(hash("a"), bindingsHash("other", ["a"], NOW));
  });

  const now = new Date(NOW);
  const soon = new Date(NOW + 3_600_000);
  const same: readonly [what: string, a: unknown, b: unknown][] = [
    ["dates of the present", now, soon],
    ["milliseconds of the present", now.getTime(), soon.getTime()],
    ["seconds of the present", Math.floor(now.getTime() / 1000), Math.floor(soon.getTime() / 1000)],
    ["timestamps of the present as text", now.toISOString(), "2026-11-22 11:00:00"],
  ];
  for (const [what, a, b] of same) test(`does not tell ${what} apart`, () => assert.equal(hash(a), hash(b)));

  const different: readonly [what: string, a: unknown, b: unknown][] = [
    ["a number and its text", 1, "1"],
    ["null and its text", null, "null"],
    ["dates of the data", new Date("2020-01-01"), new Date("2020-01-02")],
    ["bytes", Buffer.from("a"), Buffer.from("b")],
    ["random ids", "0c5b8648-806e-42d5-9b88-517baaf83544", "1c5b8648-806e-42d5-9b88-517baaf83544"],
  ];
  for (const [what, a, b] of different) test(`tells ${what} apart`, () => assert.notEqual(hash(a), hash(b)));
});

test("one value is never taken for two", () => assert.notEqual(hash("a", "b"), hash("a\u0000string b")));

describe("the digest of rows", () => {
  const digest = (rows: readonly unknown[], columns: readonly string[] | null = null): string => {
    const made = new RowsDigest("key", columns);
    for (const row of rows) made.add(row);
    return made.result.digest;
  };

  test("does not depend on their order, nor on columns that are new", () => {
    assert.equal(digest([{ a: 1 }, { a: 2 }]), digest([{ a: 2 }, { a: 1 }]));
    assert.equal(digest([{ a: 1, b: 2 }], ["a"]), digest([{ a: 1 }]));
  });

  test("tells another value, a row more, and the same row twice", () => {
    assert.notEqual(digest([{ a: 1 }]), digest([{ a: 2 }]));
    assert.notEqual(digest([{ a: 1 }]), digest([{ a: 1 }, { a: 1 }]));
    assert.notEqual(digest([]), digest([{ a: null }]));
  });
});
