import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keptStatements } from "../../src/core/kept-statements.js";
import { remediesOf } from "../../src/core/remedies.js";
import type { JournaledStep } from "../../src/core/run-step.js";

const FAILED = {
  kind: "upgrade",
  fromVersion: "1.0.0",
  toVersion: "1.1.0",
  error: { remedy: "Free space.", migration: "1.1.0/0001-a" },
  hasBackup: true,
} as const;

describe("the ways out of a failed run, the safest first", () => {
  const table: [what: string, run: Parameters<typeof remediesOf>[0], ids: string[], last: RegExp][] = [
    ["an upgrade with a backup", FAILED, ["retry", "corrected-release", "restore"], /files of 1\.0\.0 back/],
    ["an upgrade without one", { ...FAILED, hasBackup: false }, ["retry", "corrected-release", "restore"], /your own backup/],
    [
      "an installation",
      { ...FAILED, kind: "install", fromVersion: null },
      ["retry", "corrected-release", "start-anew"],
      /Empty the database/,
    ],
    ["a restore", { ...FAILED, kind: "restore" }, ["retry", "other-backup", "restore"], /your|own|hosting panel/],
  ];
  for (const [what, run, ids, last] of table)
    test(what, () => {
      const remedies = remediesOf(run);
      assert.deepEqual(
        remedies.map(({ id }) => id),
        ids,
      );
      assert.match(remedies[2].text, last);
      assert.match(remedies[0].text, /Free space/);
    });

  test("a statement in doubt is answered first", () => {
    const inDoubt = { sequence: 1, statement: "call fill()", why: "It is a procedure." };
    assert.match(remediesOf({ ...FAILED, error: { remedy: "", migration: null, inDoubt } })[0].text, /answer the question/);
  });
});

describe("what a failed migration leaves", () => {
  const entry = (sequence: number, kind: string, statement: string | null, more: Partial<JournaledStep> = {}): JournaledStep => ({
    sequence,
    kind,
    migration: "m",
    of: null,
    statement,
    intentAt: null,
    doneAt: null,
    answer: null,
    ...more,
  });
  const intent = { intentAt: "2026-11-22T13:00:00.000Z" };
  const kept = (entries: JournaledStep[], failed: string | null = null): readonly string[] =>
    keptStatements("r", "m", entries, failed, "mysql").statements;

  test("is what was carried out, without values", () =>
    assert.deepEqual(
      kept([
        entry(1, "definition", "alter table t add a int", intent),
        entry(2, "done", null, { of: 1, answer: '{"kind":"answered","res' }),
        entry(3, "write", "update t set a = 'secret'"),
        entry(4, "read", "select 1"),
        entry(5, "write", "update other set a = 1", { migration: "before" }),
      ]),
      ["alter table t add a int", "update t set a = ?"],
    ));

  test("is not what was refused, nor what a later attempt has found not to be so", () => {
    const entries = [
      entry(1, "definition", "alter table t add a int", intent),
      entry(2, "done", null, { of: 1, answer: '{"kind":"refused","error' }),
      entry(3, "definition", "alter table t add b int", intent),
      entry(4, "take", null, { migration: null, answer: '{"void":["r:3"],"by":"web-1"}' }),
    ];
    assert.deepEqual(kept(entries), []);
  });

  test("holds the last one whose end was not written down, unless it is the one that failed", () => {
    const entries = [entry(1, "definition", "alter table t add a int", intent)];
    assert.deepEqual(kept(entries, "update t set a = ?"), ["alter table t add a int"]);
    assert.deepEqual(kept(entries, "alter table t add a int"), []);
  });

  test("counts what is not shown", () => {
    const entries = Array.from({ length: 25 }, (_, index) => entry(index + 1, "write", `update t${index} set a = a`));
    const { statements, more } = keptStatements("r", "m", entries, null, "mysql");
    assert.deepEqual([statements.length, more, statements.at(-1)], [20, 5, "update t24 set a = a"]);
  });
});
