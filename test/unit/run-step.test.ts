import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeStep, fractionOf, type JournaledStep, type LiveReading, stepLeftMs, stepOf } from "../../src/core/run-step.js";

const NOW = "2026-11-22T13:00:30.000Z";
const at = (second: number): string => `2026-11-22T13:00:${String(second).padStart(2, "0")}.000Z`;
const entry = (sequence: number, kind: string, more: Partial<JournaledStep> = {}): JournaledStep => ({
  sequence,
  kind,
  migration: "m",
  of: null,
  statement: null,
  intentAt: null,
  doneAt: null,
  answer: null,
  ...more,
});
const alter = entry(1, "definition", { statement: "alter table t add a int", intentAt: at(10) });
const done = entry(2, "done", { of: 1, doneAt: at(20) });
const backfill = (rows: number, total: number | null, finished = false): JournaledStep =>
  entry(5, "backfill", {
    statement: "backfill t by id, 1",
    answer: JSON.stringify({ cursor: rows, rows, batches: 3, total, batch: 100, finished }),
  });
const copying: LiveReading = {
  text: "/* upgate:r:1:1 */ alter table t add a int, algorithm=copy",
  seconds: 8,
  stage: { name: "copy to tmp table", number: 1, count: 2 },
  percent: 20,
};
const facts = (entries: JournaledStep[], live: LiveReading = "unseen") =>
  ({ migration: "m", entries, live, now: NOW, dialect: "mysql" }) as const;

describe("the step under way", () => {
  test("is what the server's list shows, with its stage", () => {
    const step = stepOf(facts([alter], copying));
    assert.deepEqual(step, {
      migration: "m",
      kind: "statement",
      text: "alter table t add a int, algorithm=copy",
      seconds: 8,
      stage: { name: "copy to tmp table", number: 1, count: 2 },
      percent: 20,
      rows: null,
      totalRows: null,
    });
    assert.equal(describeStep(step), "20 % of this statement is done, after 8 s. Stage 1 of 2: copy to tmp table.");
    assert.equal(stepLeftMs(step), 32_000);
  });

  test("is told from the journal where the server shows nothing, and that it has no figures", () => {
    const step = stepOf(facts([alter]));
    assert.deepEqual([step?.text, step?.seconds, step?.percent], ["alter table t add a int", 20, null]);
    assert.match(describeStep(step), /no figures for this statement\. It has been at work for 20 s/);
    assert.equal(stepLeftMs(step), null);
  });

  test("is none once its end is written down, or the server is seen to be idle", () => {
    assert.equal(stepOf(facts([alter, done])), null);
    assert.equal(stepOf(facts([alter], "idle")), null);
    assert.match(describeStep(null), /no figures/);
  });

  test("is never upgate's own bookkeeping", () => {
    for (const text of ["/* upgate:r:1:1 */ INSERT INTO upgate_journal (run_id) VALUES ('r')", "/* upgate:r:2:1 */ COMMIT"])
      assert.equal(stepOf(facts([], { text, seconds: 0, stage: null, percent: null })), null);
  });

  test("is a backfill with its rows until that has finished", () => {
    const step = stepOf(facts([alter, done, backfill(25_000, 100_000)]));
    assert.deepEqual([step?.kind, step?.rows, step?.totalRows, step?.percent], ["backfill", 25_000, 100_000, 25]);
    assert.equal(describeStep(step), "25,000 of 100,000 rows done.");
    assert.equal(describeStep(stepOf(facts([backfill(25_000, null)]))), "25,000 rows done.");
    assert.equal(stepOf(facts([backfill(100_000, 100_000, true)])), null);
  });

  test("shows no values", () => {
    const step = stepOf(
      facts([], { text: "/* upgate:r:3:1 */ UPDATE t SET mail = 'ann@example.com'", seconds: 1, stage: null, percent: null }),
    );
    assert.equal(step?.text, "UPDATE t SET mail = ?");
  });
});

describe("how much of a migration is done", () => {
  test("never goes back from one step to the next", () => {
    const ways = [
      facts([]),
      facts([alter], copying),
      facts([alter], { ...(copying as object), percent: 99 } as LiveReading),
      facts([alter, done]),
      facts([alter, done, backfill(10, 100)]),
      facts([alter, done, backfill(90, 100)]),
      facts([alter, done, backfill(100, 100, true)]),
    ];
    const fractions = ways.map((way) => fractionOf(way, stepOf(way)));
    assert.deepEqual(
      fractions,
      fractions.toSorted((a, b) => a - b),
    );
    assert.equal(fractions[0], 0);
    assert.ok((fractions.at(-1) as number) < 1);
  });

  test("is not moved by a statement that took no time", () => {
    const quick = [alter, { ...done, doneAt: at(11) }];
    assert.equal(fractionOf(facts(quick), null), 0);
  });
});
