import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { boundariesOf, spreadKills } from "../../src/testing/boundaries.js";

const CASES: readonly [plan: string, kills: number | undefined, after: string][] = [
  ["", undefined, ""],
  ["a", undefined, ""],
  ["ab", undefined, "a"],
  ["abcde", undefined, "abcd"],
  ["abcde", 0, ""],
  ["abcde", 1, "d"],
  ["abcde", 2, "bd"],
  ["abcde", 3, "bcd"],
  ["abcde", 4, "abcd"],
  ["abcde", 99, "abcd"],
];

describe("kills of a plan", () => {
  for (const [plan, kills, after] of CASES)
    test(`${kills ?? "all"} of "${plan}": after "${after}"`, () => {
      const boundaries = spreadKills(boundariesOf([...plan]), kills);
      assert.equal(boundaries.map((boundary) => boundary.after).join(""), after);
      for (const boundary of boundaries) assert.equal(plan.indexOf(boundary.before), plan.indexOf(boundary.after) + 1);
    });
});
