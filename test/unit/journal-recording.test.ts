import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JournalEntry } from "../../src/store/journal.js";
import { encodeAnswer } from "../../src/upgrade/journal/answers.js";
import { entryKey, Recording } from "../../src/upgrade/journal/recording.js";
import { lostTemporaryTable, sortOut, statementInDoubt, tailOf } from "../../src/upgrade/journal/unfinished.js";

const ANSWER = encodeAnswer({ kind: "answered", response: [{ affectedRows: 1 }, undefined] });
const REFUSED = encodeAnswer({ kind: "refused", error: { message: "no", errno: 1060 } });

function entry(sequence: number, more: Partial<JournalEntry> = {}): JournalEntry {
  const blank = { of: null, bindingsHash: null, intentAt: null, preState: null, doneAt: "2026-11-22T10:00:00.000Z" };
  const statement = { statementHash: `h${sequence}`, statement: `statement ${sequence}`, answer: ANSWER };
  return { runId: "run", sequence, kind: "write", migration: "m", token: 1, ...blank, ...statement, ...more };
}
const intent = (sequence: number, more: Partial<JournalEntry> = {}): JournalEntry =>
  entry(sequence, { kind: "definition", intentAt: "2026-11-22T10:00:00.000Z", answer: null, doneAt: null, ...more });
const done = (sequence: number, of: number, answer = ANSWER): JournalEntry =>
  entry(sequence, { kind: "done", of, answer, statementHash: null, statement: null });
const take = (sequence: number, dead: readonly string[]): JournalEntry =>
  entry(sequence, { kind: "take", migration: null, answer: JSON.stringify({ void: dead, by: "test" }) });

describe("a recording", () => {
  test("answers each statement once, those of equal text in their order", () => {
    const recording = new Recording([entry(1, { statementHash: "same" }), entry(2, { statementHash: "same" })]);
    assert.equal(recording.take("same", null)?.entry.sequence, 1);
    assert.equal(recording.take("same", null)?.entry.sequence, 2);
    assert.equal(recording.take("same", null), null);
    assert.equal(recording.isAhead, false);
  });

  test("finds statements that have changed places by their values", () => {
    const recording = new Recording([
      entry(1, { statementHash: "insert", bindingsHash: "a" }),
      entry(2, { statementHash: "insert", bindingsHash: "b" }),
    ]);
    assert.equal(recording.take("insert", "b")?.entry.sequence, 2);
    assert.equal(recording.take("insert", "c"), null);
    assert.ok(recording.has("insert") && recording.isAhead);
    assert.equal(recording.missing?.sequence, 1);
  });

  test("is not ahead by reads and by what was refused", () => {
    const recording = new Recording([entry(1, { kind: "read" }), entry(2, { answer: REFUSED })]);
    assert.equal(recording.isAhead, false);
    assert.equal(recording.take("h2", null)?.outcome?.kind, "refused");
  });

  test("gives an intent the answer of its end", () => {
    const recording = new Recording([intent(1)], new Map([[entryKey("run", 1), done(2, 1, REFUSED)]]));
    assert.equal(recording.take("h1", null)?.outcome?.kind, "refused");
  });
});

describe("the journal of an unfinished migration", () => {
  test("has a statement in doubt where the last intent has no end", () => {
    assert.equal(statementInDoubt(sortOut([entry(1), intent(2)]))?.sequence, 2);
    assert.equal(statementInDoubt(sortOut([intent(1), done(2, 1)])), null);
    assert.equal(statementInDoubt(sortOut([intent(1, { kind: "step" })])), null, "a step runs again");
  });

  test("leaves out what a later process has declared void", () => {
    assert.equal(statementInDoubt(sortOut([entry(1), intent(2), take(3, ["run:2"])])), null);
  });

  test("forgets what comes after the last effect: reads are made again, and what was refused is tried again", () => {
    const entries = [entry(1), entry(2, { kind: "read" }), entry(3), entry(4, { kind: "read" }), entry(5, { answer: REFUSED })];
    assert.deepEqual(tailOf(sortOut(entries)), ["run:4", "run:5"]);
    assert.deepEqual(tailOf(sortOut([intent(1), done(2, 1, REFUSED)])), ["run:1"]);
  });

  test("asks about a temporary table, until somebody has answered", () => {
    const temporary = entry(1, { kind: "temporary", statement: "CREATE TEMPORARY TABLE t (n INT)" });
    assert.equal(lostTemporaryTable(sortOut([temporary, entry(2)]))?.sequence, 1);
    const verdict = entry(3, { kind: "verdict", migration: null, statement: "run:1", answer: "again" });
    assert.equal(lostTemporaryTable(sortOut([temporary, entry(2), verdict])), null);
  });
});
