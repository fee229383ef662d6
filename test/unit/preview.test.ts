import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Loss } from "../../src/core/loss.js";
import { migrationsThatLose, type PreviewedSize, type PreviewFacts, previewOf, rehearsedFor } from "../../src/core/preview.js";
import type { Rehearsal, RehearsedMigration } from "../../src/core/rehearsal.js";

const DROP: Loss = { kind: "drop-table", table: "old" };
const FILL: Loss = { kind: "overwrite", table: "products", columns: ["name"] };

function rehearsed(name: string, parts: Partial<RehearsedMigration> = {}): RehearsedMigration {
  return { name, version: "1.1.0", sha256: `sha of ${name}`, ms: 5, statements: [], leftOut: 0, tables: [], losses: [], ...parts };
}

const REHEARSAL: Rehearsal = {
  id: "r",
  at: "2026-11-01T10:00:00.000Z",
  fromVersion: "1.0.0",
  toVersion: "1.1.0",
  backupId: "b",
  status: "passed",
  error: null,
  failedStatement: null,
  migrations: [rehearsed("a"), rehearsed("b"), rehearsed("c", { sha256: "" })],
  backupMs: 1,
  restoreMs: 1,
  upgradeMs: 1,
};

describe("what a rehearsal tells of an upgrade", () => {
  const names = (...args: Parameters<typeof rehearsedFor>): string[] => [...rehearsedFor(...args).keys()];
  const versions = { fromVersion: "1.0.0", toVersion: "1.1.0" };
  const same = new Map<string, string | null>([
    ["a", "sha of a"],
    ["b", "sha of b"],
    ["c", ""],
  ]);

  test("are the migrations that it came to", () => assert.deepEqual(names(REHEARSAL, versions, same), ["a", "b"]));
  test("not those whose files are others now, can't be read, or are gone", () => {
    assert.deepEqual(names(REHEARSAL, versions, new Map([...same, ["a", "another"]])), ["b"]);
    assert.deepEqual(names(REHEARSAL, versions, new Map([["a", null]])), []);
  });
  test("nothing for other versions, or without one", () => {
    assert.deepEqual(names(REHEARSAL, { ...versions, fromVersion: "0.9.0" }, same), []);
    assert.deepEqual(names(REHEARSAL, { ...versions, toVersion: "1.2.0" }, same), []);
    assert.deepEqual(names(null, versions, same), []);
  });
});

describe("the preview", () => {
  const NOTHING: PreviewFacts = { headings: new Map(), rehearsed: new Map(), sizes: new Map() };
  const statements = (count: number): RehearsedMigration["statements"] =>
    Array.from({ length: count }, (_, index) => ({ sql: `select ${index}`, ms: null, algorithm: null, losses: [] }));

  test("groups the plan by release, in its order", () => {
    const plan = [
      { name: "1.1.0/a", version: "1.1.0" },
      { name: "1.1.0/b", version: "1.1.0" },
      { name: "1.2.0/a", version: "1.2.0" },
    ];
    const { releases, rehearsedCount } = previewOf(plan, {
      ...NOTHING,
      headings: new Map([["1.1.0/b", { title: "B", description: null }]]),
    });
    assert.deepEqual(
      releases.map(({ version, migrations }) => [version, migrations.map(({ name, title }) => title ?? name)]),
      [
        ["1.1.0", ["1.1.0/a", "B"]],
        ["1.2.0", ["1.2.0/a"]],
      ],
    );
    assert.equal(rehearsedCount, 0);
    assert.deepEqual(previewOf([], NOTHING), { releases: [], rehearsedCount: 0 });
  });

  test("tells tables with their size, those that are not there yet, and those of which nothing is known", () => {
    const measured = { kind: "measured", rows: { kind: "about", count: 5 }, bytes: 100 } as const;
    const { releases } = previewOf([{ name: "a", version: "1.1.0" }], {
      ...NOTHING,
      rehearsed: new Map([["a", rehearsed("a", { tables: ["new", "other.t", "products"] })]]),
      sizes: new Map<string, PreviewedSize>([
        ["products", measured],
        ["new", { kind: "absent" }],
      ]),
    });
    assert.deepEqual(releases[0]?.migrations[0]?.rehearsed?.tables, [
      { name: "new", size: { kind: "absent" } },
      { name: "other.t", size: { kind: "unknown" } },
      { name: "products", size: measured },
    ]);
  });

  test("shows at most 50 statements of a migration and 500 in all, and how many are left out", () => {
    const plan = Array.from({ length: 12 }, (_, index) => ({ name: `m${index}`, version: "1.1.0" }));
    const changes = new Map(plan.map(({ name }) => [name, rehearsed(name, { statements: statements(60), leftOut: 3 })]));
    const shown = previewOf(plan, { ...NOTHING, rehearsed: changes }).releases[0]?.migrations.map((migration) => migration.rehearsed);
    assert.deepEqual(
      shown?.map((change) => [change?.statements.length, change?.leftOut]),
      [...Array.from({ length: 10 }, () => [50, 13]), [0, 63], [0, 63]],
    );
  });

  test("names each migration by the gravest of its losses", () => {
    const plan = ["a", "b", "c", "d"].map((name) => ({ name, version: "1.1.0" }));
    const preview = previewOf(plan, {
      ...NOTHING,
      rehearsed: new Map([
        ["a", rehearsed("a", { losses: [FILL, DROP] })],
        ["b", rehearsed("b", { losses: [FILL] })],
        ["c", rehearsed("c", { ms: null })],
      ]),
    });
    const names = (gravity: "deletes" | "alters"): string[] => migrationsThatLose(preview, gravity).map(({ name }) => name);
    assert.deepEqual([names("deletes"), names("alters"), preview.rehearsedCount], [["a"], ["b"], 3]);
    assert.equal(preview.releases[0]?.migrations[2]?.rehearsed?.complete, false);
  });
});
