import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type BatchCost, nextBatchSize } from "../../src/core/batch-size.js";

const batch = (rows: number, workMs: number, commitMs = 0): BatchCost => ({ rows, workMs, commitMs });

const CASES: readonly [what: string, size: number, costs: readonly BatchCost[], next: number][] = [
  ["without a batch yet it stays", 1000, [], 1000],
  ["on target it stays", 1000, [batch(1000, 250)], 1000],
  ["a little too slow: a little smaller", 1000, [batch(1000, 300)], 833],
  ["a little too fast: a little larger", 1000, [batch(1000, 200)], 1250],
  ["however fast: twice at most", 1000, [batch(1000, 1)], 2000],
  ["no time measured: twice", 1000, [batch(1000, 0)], 2000],
  ["a slow first batch shrinks at once", 1000, [batch(1000, 1000)], 250],
  ["however slow: to an eighth at least", 8000, [batch(8000, 600_000)], 1000],
  ["a single row is the least", 1, [batch(1, 60_000)], 1],
  ["of a slow row one more is tried once it is fast", 1, [batch(1, 10)], 2],
  ["the most is 100,000", 80_000, [batch(80_000, 20)], 100_000],
  ["the slowest of the last five counts", 1000, [batch(1000, 500), ...[100, 250, 100, 50].map((ms) => batch(1000, ms))], 500],
  ["one before them is forgotten", 1000, [batch(1000, 500), ...[250, 100, 250, 100, 250].map((ms) => batch(1000, ms))], 1000],
  ["the commit's time is taken off", 1000, [batch(1000, 200, 50)], 1000],
  ["of the slowest commit", 1000, [batch(1000, 200, 150), batch(1000, 200, 5)], 500],
  ["rows get a quarter of the time, however slow the commit", 1000, [batch(1000, 250, 5000)], 250],
  ["a slow commit alone does not lead to single rows", 100, [batch(100, 1, 5000)], 200],
  ["one without rows tells nothing", 1000, [batch(1000, 250), batch(0, 900)], 1000],
];

describe("the size of the next batch, 250 ms wanted", () => {
  for (const [what, size, costs, next] of CASES) test(what, () => assert.equal(nextBatchSize(size, costs, 250), next));

  test("comes to where a batch takes as long as wanted, from either side, without swinging", () => {
    for (const first of [1, 100_000]) {
      const costs: BatchCost[] = [];
      let size = first;
      for (let count = 0; count < 20; count += 1) {
        costs.push(batch(size, size / 40, 5));
        size = nextBatchSize(size, costs, 250);
      }
      const last = costs.slice(-5).map(({ rows }) => rows);
      for (const rows of last) assert.ok(rows >= 9500 && rows <= 10_000, last.join());
    }
  });
});
