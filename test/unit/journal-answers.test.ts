import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answered, decodeAnswer, encodeAnswer, errorOf, pack, refusedBy, unpack } from "../../src/upgrade/journal/answers.js";

describe("an answer in the journal", () => {
  const same: readonly [what: string, value: unknown][] = [
    ["rows", [{ id: 1, name: "Ink", price: null }]],
    ["a date", new Date("2026-11-22T10:00:00.123Z")],
    ["bytes", Buffer.from([0, 255, 7])],
    ["a BIGINT", { id: 9007199254740993n }],
    ["undefined among members", { a: undefined, b: 1 }],
    ["numbers that JSON lacks", [Number.NaN, Number.POSITIVE_INFINITY, -0]],
    ["a member that looks like the journal's own mark", { $upgate: "date", value: 1 }],
    ["nested results, as CALL gives them", [[{ n: 1 }], { affectedRows: 0 }]],
    ["text in any script", "Größe ✓ 𝒳"],
  ];
  for (const [what, value] of same) test(`gives ${what} back as it was`, () => assert.deepEqual(decodeAnswer(encodeAnswer(value)), value));

  test("gives an invalid date back as an invalid date", () => {
    assert.ok(Number.isNaN((decodeAnswer(encodeAnswer(new Date(Number.NaN))) as Date).getTime()));
  });

  test("keeps of mysql2's fields what a migration may look at", () => {
    const field = { name: "id", columnType: 3, type: 3, table: "t", _buf: Buffer.alloc(1000), encoding: "binary" };
    const outcome = answered([[{ id: 1 }], [field]], undefined);
    assert.deepEqual(outcome, { kind: "answered", response: [[{ id: 1 }], [{ name: "id", columnType: 3, type: 3, table: "t" }]] });
  });

  test("keeps an error's fields, but not the statement with its values", () => {
    const error = Object.assign(new Error("Duplicate column name 'a'"), {
      code: "ER_DUP_FIELDNAME",
      errno: 1060,
      sqlState: "42S21",
      sql: "secret",
    });
    const outcome = decodeAnswer(encodeAnswer(refusedBy(error))) as ReturnType<typeof refusedBy>;
    assert.ok(outcome.kind === "refused" && !JSON.stringify(outcome).includes("secret"));
    const thrown = errorOf(outcome.error) as Error & { errno?: number };
    assert.deepEqual([thrown.message, thrown.errno], ["Duplicate column name 'a'", 1060]);
  });

  test("is a tenth of its size when packed, and the same when unpacked", () => {
    const answer = encodeAnswer(Array.from({ length: 2000 }, (_, id) => ({ id, name: `customer number ${id}` })));
    assert.ok(pack(answer).length < answer.length / 4);
    assert.equal(unpack(pack(answer)), answer);
    assert.equal(unpack(answer), answer);
  });
});
