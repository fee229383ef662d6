import assert from "node:assert/strict";
import { describe, test } from "node:test";
import knexFactory from "knex";
import type { BackfillOptions } from "../../src/core/backfill.js";
import { checkBackfill } from "../../src/core/check-backfill.js";
import { isUpgateError } from "../../src/core/errors.js";

const update = { slug: "a" };

const BAD: readonly [options: object, problems: Record<string, RegExp>][] = [
  [{}, { table: /is required/, update: /is required/ }],
  [{ table: "", update }, { table: /must not be empty/ }],
  [{ table: "shops; drop", update }, { table: /must be a table or column name/ }],
  [{ table: "shops", update, wehre: () => {} }, { wehre: /did you mean "where"/ }],
  [{ table: "shops", update, key: ["a", "b"] }, { key: /composite key/ }],
  [{ table: "shops", update, key: "shops.id" }, { key: /without its table/ }],
  [{ table: "shops", update, key: 1 }, { key: /must be a column name/ }],
  [{ table: "shops", update, where: { id: 1 } }, { where: /must be a function/ }],
  [{ table: "shops", update, batch: 0 }, { batch: /rows from 1 to 100000, got 0/ }],
  [
    { table: "shops", update, batch: 1.5, targetMs: 5 },
    { batch: /whole number/, targetMs: /milliseconds from 10 to 10000/ },
  ],
  [{ table: "shops", update, targetMs: "250" }, { targetMs: /got 250/ }],
  [{ table: "shops", update, columns: ["name"] }, { columns: /only for a function/ }],
  [{ table: "shops", update: () => {}, columns: "name" }, { columns: /array of column names/ }],
  [{ table: "shops", update: () => {}, columns: ["name as n"] }, { columns: /array of column names/ }],
  [{ table: "shops", update: {} }, { update: /must name a column/ }],
  [{ table: "shops", update: null }, { update: /got null/ }],
  [{ table: "shops", update: [update] }, { update: /object of column values/ }],
  [{ table: "shops", update: Promise.resolve() }, { update: /object of column values/ }],
  [{ table: "shops", update: knexFactory({ client: "mysql2" }).raw("a = 1") }, { update: /object of column values/ }],
  [{ table: "shops", update: { id: 1 } }, { "update.id": /must not change/ }],
  [
    { table: "shops", key: "code", update: { code: 1, id: undefined } },
    { "update.code": /must not change/, "update.id": /undefined/ },
  ],
  [{ table: "shops", update: { slug: () => "a" } }, { "update.slug": /not a function/ }],
];

describe("the options of a backfill", () => {
  test("defaults are filled in", () =>
    assert.deepEqual(checkBackfill({ table: "shops", update }), {
      table: "shops",
      key: "id",
      where: null,
      batch: 1000,
      targetMs: 250,
      columns: [],
      update,
    }));

  test("what is given stays", () => {
    const given = { table: "shop.shops", key: "code", where: () => {}, batch: 1, targetMs: 10, columns: ["a"], update: async () => {} };
    assert.deepEqual(checkBackfill(given), given);
  });

  for (const [options, problems] of BAD)
    test(`${Object.keys(problems).join(", ")} ${Object.values(problems)[0]?.source}`, () =>
      assert.throws(
        () => checkBackfill(options as BackfillOptions),
        (error) => {
          assert.ok(isUpgateError(error, "ERR_UPGATE_MIGRATION_STEP"));
          assert.deepEqual(error.problems.map(({ path }) => path).toSorted(), Object.keys(problems).toSorted());
          for (const { path, message } of error.problems) {
            assert.match(message, problems[path] as RegExp);
            assert.ok(error.message.includes(message), error.message);
          }
          return true;
        },
      ));

  for (const nothing of [undefined, null, "shops", 5])
    test(`${nothing} is refused`, () => assert.throws(() => checkBackfill(nothing as never), { code: "ERR_UPGATE_MIGRATION_STEP" }));
});
