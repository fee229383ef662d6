import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PlannedMigration, PlanStatus } from "../../src/core/plan.js";
import { etaSeconds, percentDone, weightsOf } from "../../src/core/run-weight.js";
import { largestNamed } from "../../src/upgrade/plan-weights.js";

const MIB = 1024 * 1024;

function plan(...entries: [status: PlanStatus, ms: number | null, more?: Partial<PlannedMigration>][]): PlannedMigration[] {
  return entries.map(([status, ms, more], index) => ({ name: String(index), version: "1.1.0", status, ms, ...more }));
}

describe("what a migration counts for", () => {
  test("its time in the rehearsal", () =>
    assert.deepEqual(weightsOf(plan(["pending", null, { rehearsedMs: 9000 }], ["pending", null, { rehearsedMs: 0 }])), [9000, 1]));
  test("else its table", () =>
    assert.deepEqual(weightsOf(plan(["pending", null, { tableBytes: 3 * MIB }], ["pending", null, { tableBytes: 0 }])), [4 * MIB, MIB]));
  test("else all the same", () => assert.deepEqual(weightsOf(plan(["pending", null], ["pending", null, { rehearsedMs: 5 }])), [1, 1]));

  test("the table is the largest that its file names", () => {
    const sizes = new Map([
      ["orders", 500],
      ["users", 20],
    ]);
    assert.equal(largestNamed(`export const up = (knex) => knex.schema.alterTable("Orders", (t) => t.integer("users"))`, sizes), 500);
    assert.equal(largestNamed("knex('reorders')", sizes), 0);
  });
});

describe("the percentage by weight", () => {
  test("a long migration counts for more than a short one", () => {
    const long = plan(["applied", 10, { rehearsedMs: 1000 }], ["running", null, { rehearsedMs: 9000 }]);
    assert.equal(percentDone(long), 10);
    assert.equal(percentDone(long, 0.5), 55);
    assert.equal(percentDone(long, 1), 99, "100 only when it is applied");
  });
});

describe("the time that is left", () => {
  test("of the last migration is what its statement tells", () =>
    assert.equal(etaSeconds(plan(["running", null]), { fraction: 0.2, leftMs: 32_000 }), 32));
  test("is not told while nothing tells of the others", () =>
    assert.equal(etaSeconds(plan(["running", null], ["pending", null]), { fraction: 0.2, leftMs: 32_000 }), null));
  test("goes by weight", () =>
    assert.equal(etaSeconds(plan(["applied", 4000, { tableBytes: 3 * MIB }], ["pending", null, { tableBytes: 7 * MIB }])), 8));
  test("counts what is done of the running one", () =>
    assert.equal(etaSeconds(plan(["running", null, { rehearsedMs: 10_000 }]), { fraction: 0.5, leftMs: null }), 5));
});
