import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chooseBoundaries, type Kills } from "../../src/testing/boundaries.js";

const CASES: readonly [plan: string, kills: Kills, after: string][] = [
  ["", "every-migration", ""],
  ["a", "every-migration", ""],
  ["ab", "every-migration", "a"],
  ["abcde", "every-migration", "abcd"],
  ["abcde", 0, ""],
  ["abcde", 1, "d"],
  ["abcde", 2, "bd"],
  ["abcde", 3, "bcd"],
  ["abcde", 4, "abcd"],
  ["abcde", 99, "abcd"],
];

describe("kills of a plan", () => {
  for (const [plan, kills, after] of CASES)
    test(`${kills} of "${plan}": after "${after}"`, () => {
      const boundaries = chooseBoundaries([...plan], kills);
      assert.equal(boundaries.map((boundary) => boundary.after).join(""), after);
      for (const boundary of boundaries) assert.equal(plan.indexOf(boundary.before), plan.indexOf(boundary.after) + 1);
    });
});
