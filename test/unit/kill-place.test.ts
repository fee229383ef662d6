import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describePlace, type KillPlace, placeOf } from "../../src/testing/kill-place.js";

const CASES: readonly [KillPlace, string][] = [
  [{ kind: "migration", after: "1.1.0/0001-a" }, "after 1.1.0/0001-a"],
  [placeOf({ point: "before-commit", migration: null, statement: "" }), "after a migration, before a commit"],
  [
    placeOf({ point: "sent", migration: "0002-b", statement: "/* upgate:20260101T000000-0a1b2c3d:7:2 */ alter table `a`\n  add `b` int" }),
    "in 0002-b, sent, not answered (alter table `a` add `b` int)",
  ],
  [
    placeOf({ point: "after-intent", migration: "0002-b", statement: "CREATE USER 'a'@'%' IDENTIFIED BY 'secret'" }),
    "in 0002-b, journaled, not sent (CREATE USER '…'@'…' IDENTIFIED BY '…')",
  ],
  [
    placeOf({ point: "after-statement", migration: "0002-b", statement: "x".repeat(1000) }),
    `in 0002-b, answered, not recorded (${"x".repeat(200)}…)`,
  ],
];

describe("where a process was killed", () => {
  for (const [place, text] of CASES) test(text.slice(0, 60), () => assert.equal(describePlace(place), text));
});
