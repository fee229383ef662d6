import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { doubtLines } from "../../src/cli/in-doubt.js";
import { nextVerb, remedyLines } from "../../src/cli/next-verb.js";
import { checkAnswer, doubtOf } from "../../src/core/in-doubt.js";
import type { RunError } from "../../src/core/run.js";
import type { VersionState } from "../../src/core/version-state.js";
import { run } from "./support/facts.js";

const DOUBT = { sequence: 7, statement: "rename table `a` to `b`", why: "Both tables exist." };
const ERROR: RunError = { code: "ERR_UPGATE_IN_DOUBT", message: "m", remedy: "Look.", migration: "8.6.1/0001-a", inDoubt: DOUBT };

type Given = Pick<VersionState, "kind" | "run" | "remedy">;
const inDoubt: Given = { kind: "failed", run: run({ status: "failed", error: ERROR }), remedy: "Look." };
const failed: Given = {
  kind: "failed",
  run: run({ status: "failed", error: { ...ERROR, inDoubt: undefined as never } }),
  remedy: "Mend it.",
};

describe("a statement in doubt", () => {
  test("is what a failed run waits for, and nothing else", () => {
    assert.deepEqual(doubtOf(inDoubt), DOUBT);
    assert.equal(doubtOf(failed), null);
    assert.equal(doubtOf({ kind: "failed" }), null);
    assert.equal(doubtOf({ ...inDoubt, kind: "interrupted" }), null, "an old error of a run that was begun again");
  });

  test("needs an answer, and only it takes one", () => {
    checkAnswer(inDoubt, "applied", "how");
    checkAnswer(inDoubt, "again", "how");
    checkAnswer(failed, undefined, "how");
    assert.throws(() => checkAnswer(inDoubt, undefined, "how"), {
      code: "ERR_UPGATE_IN_DOUBT",
      message: /a statement of 8\.6\.1\/0001-a .* it was applied, or run it again/,
      remedy: "how",
    });
    for (const state of [failed, { kind: "interrupted" }, { kind: "current" }, { kind: "behind" }] as const)
      assert.throws(() => checkAnswer(state, "applied", "how"), { code: "ERR_UPGATE_STATE", message: /No statement is in doubt/ });
  });

  test("leaves it to others to say that the state can't be read, or that a run is in progress", () => {
    for (const kind of ["unknown", "running"] as const) checkAnswer({ kind }, "again", "how");
  });
});

describe("at a shell", () => {
  test("it is shown with both commands, and no third one beside them", () => {
    const text = remedyLines(inDoubt).join("\n");
    assert.match(text, /^Look\.\n/);
    assert.match(text, /^ {2}rename table `a` to `b`$/m);
    assert.match(text, /Both tables exist/);
    assert.match(text, /^ {2}upgate resume --in-doubt=applied {3}\S/m);
    assert.match(text, /^ {2}upgate resume --in-doubt=again {5}\S/m);
    assert.doesNotMatch(text, /upgate retry/);
    assert.equal(nextVerb(inDoubt), "upgate status", "shows the question: nothing that a script could run answers it");
  });

  test("any other failure has its one verb", () => {
    assert.deepEqual(remedyLines(failed), ["Mend it. Or run: upgate retry"]);
    assert.equal(nextVerb(failed), "upgate retry");
  });

  test("a statement keeps its lines and loses what a terminal would obey", () => {
    const lines = doubtLines({ ...DOUBT, statement: "update a\n\tset b = '\u001b[2J\u0007'" });
    assert.deepEqual(lines.slice(1, 3), ["  update a", "  \tset b = '[2J'"]);
  });
});
