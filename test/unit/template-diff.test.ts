import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DiffHunk, diffTexts, shownLines, sideBySide, type TemplateDiff } from "../../src/release/template-diff.js";

const lines = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);
const text = (...all: readonly string[]): string => `${all.join("\n")}\n`;

function hunksOf(diff: TemplateDiff): readonly DiffHunk[] {
  assert.equal(diff.kind, "hunks");
  return diff.kind === "hunks" ? diff.hunks : [];
}

describe("the diff of two templates", () => {
  test("has three lines around each change, and both lines' numbers", () => {
    const diff = diffTexts(text(...lines(1, 20)), text(...lines(1, 9), "ten", "ten and a half", ...lines(11, 20)));
    const [hunk, ...more] = hunksOf(diff);
    assert.equal(more.length, 0);
    assert.equal(hunk?.header, "@@ -7,7 +7,8 @@");
    assert.deepEqual(
      hunk?.lines.map(({ kind, old, new: after, text: shown }) => `${kind} ${old ?? "-"} ${after ?? "-"} ${shown}`),
      [
        "same 7 7 line 7",
        "same 8 8 line 8",
        "same 9 9 line 9",
        "removed 10 - line 10",
        "added - 10 ten",
        "added - 11 ten and a half",
        "same 11 12 line 11",
        "same 12 13 line 12",
        "same 13 14 line 13",
      ],
    );
    assert.deepEqual(diff.kind === "hunks" && [diff.added, diff.removed, diff.hidden], [2, 1, 0]);
  });

  test("puts removed lines beside those in their place", () => {
    const [hunk] = hunksOf(diffTexts(text("a", "b", "c", "z"), text("a", "B", "z", "end")));
    assert.ok(hunk);
    assert.deepEqual(
      sideBySide(hunk).map(({ kind, left, right }) => [kind, left?.text ?? null, right?.text ?? null]),
      [
        ["same", "a", "a"],
        ["changed", "b", "B"],
        ["changed", "c", null],
        ["same", "z", "z"],
        ["changed", null, "end"],
      ],
    );
  });

  test("tells a missing last line end without a line of its own", () => {
    const hunks = hunksOf(diffTexts("a\nb", "a\nb\n"));
    assert.ok(hunks.every(({ lines: each }) => each.every(({ text: shown }) => !shown.includes("No newline"))));
  });

  test("shows a bounded number of lines, none of them endless", () => {
    const diff = diffTexts("", text(...lines(1, 500), "x".repeat(100_000)), 100);
    assert.deepEqual(diff.kind === "hunks" && [diff.added, diff.hidden], [501, 401]);
    assert.equal(hunksOf(diff).flatMap((hunk) => hunk.lines).length, 100);
    const [long] = hunksOf(diffTexts("", "x".repeat(100_000)));
    assert.equal(long?.lines[0]?.text.length, 2001);
    assert.deepEqual(shownLines(text(...lines(1, 5))), { lines: lines(1, 5), hidden: 0 });
    assert.equal(shownLines(text(...lines(1, 4000))).hidden, 1000);
  });

  test("gives up on two texts that have nothing in common, in little time", () => {
    const noise = (seed: number): string => text(...lines(1, 20_000).map((line, index) => `${line} ${(index * seed) % 7919}`));
    const startedAt = performance.now();
    assert.equal(diffTexts(noise(31), noise(17)).kind, "too-different");
    assert.ok(performance.now() - startedAt < 4000);
  });
});
