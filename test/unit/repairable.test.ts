import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isUpgateError } from "../../src/core/errors.js";
import { setAsideName } from "../../src/store/set-aside.js";
import { checkMigrations, type RepairAction } from "../../src/upgrade/migration-checks.js";
import { chooseRepairable, repairables } from "../../src/upgrade/repairable.js";

const SUM = "a".repeat(64);
const entry = (name: string) => ({ name, version: name.split("/")[0] as string, sha256: SUM, finishedAt: "2026-11-01T10:00:00.000Z" });
const file = (name: string, sha256 = SUM) => ({ name, version: name.split("/")[0] as string, sha256 });

const warnings = checkMigrations(
  [file("1.0.0/0001-a", "b".repeat(64)), file("1.0.0/0009-late"), file("1.1.0/0001-b")],
  [entry("1.0.0/0001-a"), entry("1.0.0/0002-gone"), entry("1.0.0/0003-lost"), entry("1.1.0/0001-b")],
);
const all = repairables(warnings, [{ name: "1.2.0/0001-fill", version: "1.2.0" }]);

describe("what can be repaired", () => {
  test("each problem with its command", () => {
    assert.deepEqual(
      all.map(({ kind, command }) => [kind, command]),
      [
        ["edited", "upgate repair accept 1.0.0/0001-a"],
        ["missing", "upgate repair forget 1.0.0/0002-gone"],
        ["missing", "upgate repair forget 1.0.0/0003-lost"],
        ["out-of-order", "upgate repair skip 1.0.0/0009-late"],
        ["half-applied", "upgate repair restart 1.2.0/0001-fill"],
      ],
    );
    assert.ok(all.every(({ name, message, effect }) => message.startsWith(name) && /^[a-z].*[^.]$/.test(effect)));
  });

  test("a forgotten file is missed no more; one that comes back edited is told again", () => {
    const forgotten = new Set(["1.0.0/0002-gone"]);
    assert.deepEqual(checkMigrations([], [entry("1.0.0/0002-gone")], undefined, forgotten), []);
    const back = checkMigrations([file("1.0.0/0002-gone", "b".repeat(64))], [entry("1.0.0/0002-gone")], undefined, forgotten);
    assert.deepEqual(
      back.map(({ kind }) => kind),
      ["edited"],
    );
  });
});

describe("the migration that is meant", () => {
  test("by its name, also with the file's extension", () => {
    for (const name of ["1.0.0/0001-a", "1.0.0/0001-a.mjs", "1.0.0/0001-a.ts"])
      assert.equal(chooseRepairable(all, "accept", name).name, "1.0.0/0001-a");
  });

  const REFUSED: readonly [what: string, action: RepairAction, name: string, message: RegExp, remedy: RegExp][] = [
    ["a slip", "skip", "1.0.0/0009-lat", /^1\.0\.0\/0009-lat is not a migration that was left out/, /^Did you mean 1\.0\.0\/0009-late\?$/],
    ["without its release", "skip", "0009-late", /is not/, /^Did you mean 1\.0\.0\/0009-late\?$/],
    [
      "another condition",
      "accept",
      "1.0.0/0002-gone",
      /is not an applied migration whose file was edited\./,
      /repair forget 1\.0\.0\/0002-gone$/,
    ],
    [
      "nothing like it",
      "forget",
      "x",
      /is not an applied migration whose file is gone\./,
      /^These are: 1\.0\.0\/0002-gone, 1\.0\.0\/0003-lost\.$/,
    ],
    ["no change at all", "restart", "1.1.0/0001-b", /is not a migration that was begun/, /^This one is: 1\.2\.0\/0001-fill\./],
  ];
  for (const [what, action, name, message, remedy] of REFUSED)
    test(`refused: ${what}`, () =>
      assert.throws(
        () => chooseRepairable(all, action, name),
        (error) => isUpgateError(error, "ERR_UPGATE_STATE") && message.test(error.message) && remedy.test(error.remedy),
      ));

  test("refused where there is none: the list is named", () =>
    assert.throws(() => chooseRepairable([], "accept", "1.0.0/0001-a"), { code: "ERR_UPGATE_STATE", remedy: /listed by: upgate repair$/ }));
});

test("a journal that is put aside has another name, which fits its column", () => {
  const at = "2026-11-22T10:00:00.000Z";
  assert.equal(setAsideName("1.0.0/0001-a", at), `1.0.0/0001-a (set aside ${at})`);
  const long = setAsideName(`1.0.0/${"a".repeat(249)}`, at);
  assert.equal(long.length, 255);
  assert.ok(long.endsWith(`a (set aside ${at})`));
});
