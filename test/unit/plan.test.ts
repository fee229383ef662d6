import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HistoryEntry, MigrationFile } from "../../src/core/migration.js";
import { pendingMigrations, planProgress, type PlannedMigration, type PlanStatus, sortMigrations } from "../../src/core/plan.js";
import { etaSeconds, percentDone } from "../../src/core/run-weight.js";

function file(name: string, version = name.split("/")[0] as string): MigrationFile {
  return { name, version, path: `/migrations/${name}.mjs` };
}

function entry(name: string, finished: boolean, durationMs = 10): HistoryEntry {
  const at = "2026-11-01T10:00:00.000Z";
  const end = finished ? { finishedAt: at, durationMs } : { finishedAt: null, durationMs: null };
  return { name, version: "8.6.1", sha256: "0".repeat(64), runId: "r1", startedAt: at, ...end };
}

function planned(statuses: readonly PlanStatus[], ms: readonly (number | null)[] = []): PlannedMigration[] {
  return statuses.map((status, index) => ({ name: `m${index}`, version: "8.6.1", status, ms: ms[index] ?? null }));
}

describe("releases that were pruned", () => {
  const files = ["7.9.9/0001-base", "8.0.0/0001-a", "8.6.1/0001-b"].map((name) => file(name));
  const due = (prunedBefore: string | null): string[] => pendingMigrations(files, [], "8.6.1", prunedBefore).map(({ name }) => name);

  test("count as applied on a database that is not new", () => assert.deepEqual(due("8.0.0"), ["8.0.0/0001-a", "8.6.1/0001-b"]));
  test("are what is left of them on a new one", () => assert.equal(due(null).length, 3));
});

describe("the order of application", () => {
  test("is semver order of the release, then the file's name", () => {
    const names = ["8.10.0/0001-a", "8.9.0/0002-b", "8.9.0/0001-z", "8.9.0-rc.1/0009-x", "8.6.1/0001-a"];
    assert.deepEqual(
      sortMigrations(names.map((name) => file(name))).map(({ name }) => name),
      ["8.6.1/0001-a", "8.9.0-rc.1/0009-x", "8.9.0/0001-z", "8.9.0/0002-b", "8.10.0/0001-a"],
    );
  });

  test("goes by code unit, as knex sorts: capitals first, whatever the locale", () => {
    const files = ["ä", "b", "a", "B", "10", "9"].map((name) => file(name, "8.6.1"));
    assert.deepEqual(
      sortMigrations(files).map(({ name }) => name),
      ["10", "9", "B", "a", "b", "ä"],
    );
  });

  test("takes versions that differ in their build only for one release", () => {
    const files = [file("b", "1.0.0+x"), file("c", "0.9.0"), file("a", "1.0.0+y"), file("c", "1.0.0")];
    assert.deepEqual(
      sortMigrations(files).map(({ name, version }) => `${version} ${name}`),
      ["0.9.0 c", "1.0.0+y a", "1.0.0+x b", "1.0.0 c"],
    );
  });

  test("leaves the given list as it was", () => {
    const files = Object.freeze([file("8.6.1/b"), file("8.6.1/a")]);
    sortMigrations(files);
    assert.equal(files[0]?.name, "8.6.1/b");
  });
});

describe("pending migrations", () => {
  const files = [file("8.7.0/0001-later"), file("8.6.1/0001-tax"), file("8.6.0/0001-a"), file("8.6.1-release.1/0001-b")];
  const pendingNames = (history: readonly HistoryEntry[], codeVersion = "8.6.1"): string[] =>
    pendingMigrations(files, history, codeVersion).map(({ name }) => name);

  test("are those up to the code version; files of later releases are not", () => {
    assert.deepEqual(pendingNames([]), ["8.6.0/0001-a", "8.6.1-release.1/0001-b", "8.6.1/0001-tax"]);
  });

  test("are not those that the history holds as finished", () => {
    assert.deepEqual(pendingNames([entry("8.6.0/0001-a", true), entry("8.6.1/0001-tax", true)]), ["8.6.1-release.1/0001-b"]);
  });

  test("hold the one that was started and not finished", () => {
    assert.deepEqual(pendingNames([entry("8.6.0/0001-a", false)], "8.6.0"), ["8.6.0/0001-a"]);
  });

  test("hold an older one that was added after its release was installed", () => {
    assert.ok(pendingNames([entry("8.6.1/0001-tax", true)]).includes("8.6.0/0001-a"));
  });

  test("ignore what the history holds and the disk has lost", () => {
    assert.deepEqual(pendingNames([entry("7.0.0/0001-gone", false)], "8.6.0"), ["8.6.0/0001-a"]);
  });
});

describe("progress of a run", () => {
  const names = ["a", "b", "c"].map((name) => ({ name, version: "8.6.1" }));
  const history = [entry("a", true, 1200), entry("b", false)];

  test("a live run: applied, running, pending", () => {
    assert.deepEqual(
      planProgress(names, history, false).map(({ status, ms }) => [status, ms]),
      [
        ["applied", 1200],
        ["running", null],
        ["pending", null],
      ],
    );
  });

  test("a stopped run: its unfinished migration has failed", () => {
    assert.deepEqual(
      planProgress(names, history, true).map(({ status }) => status),
      ["applied", "failed", "pending"],
    );
  });

  test("migrations of other runs in the history are not shown", () => {
    assert.equal(planProgress(names, [...history, entry("z", true)], false).length, 3);
  });
});

describe("percent and estimate", () => {
  const table: [statuses: PlanStatus[], percent: number][] = [
    [[], 100],
    [["pending"], 0],
    [["running"], 0],
    [["applied", "failed"], 50],
    [["applied", "applied", "running"], 66],
    [["applied", "applied"], 100],
    [[...Array.from({ length: 299 }, () => "applied" as const), "running"], 99],
  ];
  for (const [statuses, percent] of table)
    test(`${statuses.slice(0, 3).join(", ") || "an empty plan"}: ${percent} %`, () =>
      assert.equal(percentDone(planned(statuses)), percent));

  test("nothing is estimated before the first migration is applied", () => {
    assert.equal(etaSeconds(planned(["running", "pending"])), null);
  });

  test("the rest is expected to go like what is done, in whole seconds upwards", () => {
    assert.equal(etaSeconds(planned(["applied", "applied", "running", "pending"], [1000, 2000])), 3);
    assert.equal(etaSeconds(planned(["applied", "pending"], [1])), 1);
    assert.equal(etaSeconds(planned(["applied", "applied"], [1000, 1000])), 0);
    assert.equal(etaSeconds(planned(["applied", "pending"], [null])), 0);
  });
});
