import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deriveVersionState } from "../../src/core/derive-version-state.js";
import { maintenanceCode, type StateFacts, type VersionStateKind } from "../../src/core/version-state.js";
import { facts, run } from "./support/facts.js";

function assertState(given: StateFacts, kind: VersionStateKind, ...says: RegExp[]): void {
  const state = deriveVersionState(given);
  assert.equal(state.kind, kind, state.reason);
  for (const text of says) assert.match(`${state.reason} ${state.remedy}`, text);
}

const unreadable: StateFacts = { ...facts(), database: { kind: "unreadable", check: "connect ECONNREFUSED" } };
const wrong = { reason: "These files are not as release 8.6.1 has them: a.js.", remedy: "Upload all files of release 8.6.1 again." };
const patch = { kind: "patch", appliesTo: "8.6.0" } as const;

describe("each state says what is the matter and what to do", () => {
  const table: [what: string, given: StateFacts, kind: VersionStateKind, ...says: RegExp[]][] = [
    ["versions agree", facts(), "current", /You are up to date!/, /Nothing to do/],
    [
      "newer files on disk",
      facts({ filesVersion: "8.7.0" }),
      "current",
      /8\.7\.0 lies on disk/,
      /Restart the application to begin the upgrade/,
    ],
    [
      "a restore in progress, with the newer files",
      facts({ row: "8.6.0", run: run({ kind: "restore", goal: "restore", phase: "restoring", toVersion: "8.6.0" }), leaseAlive: true }),
      "running",
      /restore of the backup of release 8\.6\.0 is in progress/,
    ],
    [
      "a restore that was terminated, with the older files",
      facts({ codeVersion: "8.6.0", row: "8.6.0", run: run({ kind: "restore", goal: "restore", phase: "restoring", toVersion: "8.6.0" }) }),
      "interrupted",
      /Resume: it goes on where it stopped/,
    ],
    [
      "a restore that was terminated while there is no version row",
      facts({ row: null, run: run({ kind: "restore", goal: "restore", phase: "restoring", toVersion: "no version" }) }),
      "interrupted",
    ],
    [
      "a restore that failed",
      facts({
        run: run({
          kind: "restore",
          goal: "restore",
          status: "failed",
          error: { code: "E", message: "no room", remedy: "Make room.", migration: null },
        }),
      }),
      "failed",
      /restore of the backup .* failed: no room/,
      /Make room/,
    ],
    [
      "a backup made for an upgrade, seen by a node of the old release",
      facts({ codeVersion: "8.6.0", row: "8.6.0", run: run({ status: "draft", phase: "ready" }) }),
      "running",
      /kept closed, so that nothing is written/,
      /upgate open/,
    ],
    [
      "a backup made for an upgrade, seen by a node of the new release",
      facts({ row: "8.6.0", run: run({ status: "draft", phase: "ready" }) }),
      "behind",
      /start the upgrade/,
    ],
    ["an empty database", facts({ row: null }), "fresh", /not installed/, /\/install/],
    ["tables, but no version row", facts({ row: null, hasForeignTables: true }), "unversioned", /upgate baseline <version>/],
    ["a history, but no version row", facts({ row: null, hasHistory: true }), "unversioned", /no version row/],
    [
      "knex's own history, complete",
      facts({ row: null, hasForeignTables: true, historyOrigin: "knex" }),
      "unversioned",
      /knex has applied all migrations of release 8\.6\.1/,
      /upgate baseline 8\.6\.1/,
    ],
    [
      "knex's own history, with migrations to come",
      facts({ row: null, hasForeignTables: true, historyOrigin: "knex", pending: ["20240303_stock"] }),
      "behind",
      /knex has kept this database so far, and there are pending migrations: 20240303_stock/,
      /\/install/,
    ],
    ["an older database", facts({ row: "8.5.0" }), "behind", /8\.5\.0.*8\.6\.1/, /\/install/],
    ["a newer database", facts({ row: "8.7.0" }), "ahead", /8\.7\.0, newer/, /Upload release 8\.7\.0 or later/, /restore a backup/],
    [
      "files uploaded, old process",
      facts({ row: "8.6.0", filesVersion: "8.7.0" }),
      "restart",
      /8\.7\.0.*8\.6\.1/,
      /Restart the application/,
    ],
    ["another node has upgraded", facts({ row: "8.7.0", filesVersion: "8.7.0" }), "restart", /Restart/],
    ["a patch set for another version", facts({ row: "8.5.0", release: patch }), "unsupported", /fits release 8\.6\.0, but 8\.5\.0/],
    ["files that are not the release's", facts({ files: wrong }), "altered", /not as release 8\.6\.1 has them: a\.js/, /Upload all files/],
    [
      "files of an older release below a newer process, and after a restart, too",
      facts({ row: "8.5.0", filesVersion: "8.6.0" }),
      "restart",
      /its files are of two releases/,
    ],
    ["a live run", facts({ row: "8.6.0", run: run(), leaseAlive: true }), "running", /upgrade to 8\.6\.1 is in progress/, /Wait/],
    ["a live installation", facts({ row: null, run: run({ kind: "install" }), leaseAlive: true }), "running", /installation of 8\.6\.1/],
    ["a dead run", facts({ row: "8.6.0", run: run() }), "interrupted", /process was terminated/, /Resume/],
    [
      "a dead run of other files",
      facts({ row: "8.5.0", run: run({ toVersion: "8.6.0" }) }),
      "interrupted",
      /8\.6\.0.*files are of release 8\.6\.1/,
    ],
    [
      "a dead run to a later release",
      facts({ row: "8.6.0", run: run({ toVersion: "8.7.0" }) }),
      "interrupted",
      /8\.7\.0.*files are of release 8\.6\.1/,
      /Upload release 8\.7\.0 or later/,
    ],
    [
      "a failed run to the later release that lies on disk",
      facts({ row: "8.6.0", filesVersion: "8.7.0", run: run({ toVersion: "8.7.0", status: "failed" }) }),
      "failed",
      /upgrade to 8\.7\.0 failed/,
      /Restart the application/,
    ],
    [
      "a failed run that kept no reason",
      facts({ row: "8.6.0", run: run({ status: "failed" }) }),
      "failed",
      /no reason was recorded/,
      /Retry/,
    ],
    [
      "a complete run that holds the site",
      facts({ run: run({ status: "completed", phase: "held" }) }),
      "held",
      /8\.6\.1 is installed.*kept closed/,
      /Open the Site/,
    ],
    ["a database out of reach", unreadable, "unknown", /ECONNREFUSED/, /database server runs/],
    [
      "an account that may not create tables",
      { ...facts(), database: { kind: "unreadable", check: "CREATE command denied to user 'app'" } },
      "unknown",
      /CREATE command denied/,
      /\{ app, admin \}/,
    ],
    ["a newer upgate's database", facts({ newerProtocol: true }), "unknown", /newer upgate manages/, /Upload/],
    ["a row that can't be used", facts({ versionRow: { kind: "invalid", problem: "it is NULL." } }), "unknown", /it is NULL/, /backup/],
  ];
  for (const [what, given, kind, ...says] of table) test(`${what}: ${kind}`, () => assertState(given, kind, ...says));

  test("a failed run tells its own reason and remedy", () => {
    const error = {
      code: "ERR_UPGATE_MIGRATION_FAILED",
      message: "Duplicate column 'vat'.",
      remedy: "Drop the column.",
      migration: "8.6.1/0001-vat",
    };
    const state = deriveVersionState(facts({ row: "8.6.0", run: run({ status: "failed", error }) }));
    assert.equal(state.kind, "failed");
    assert.match(state.reason, /upgrade to 8\.6\.1 failed: Duplicate column 'vat'\./);
    assert.equal(state.remedy, "Drop the column.");
  });

  test("the state carries the versions, the pending migrations and the run", () => {
    const state = deriveVersionState(facts({ row: "8.6.0", pending: ["8.6.1/0001-a"], filesVersion: "8.6.1", run: run() }));
    assert.deepEqual(
      [state.codeVersion, state.filesVersion, state.installedVersion, state.pending, state.run?.id],
      ["8.6.1", "8.6.1", "8.6.0", ["8.6.1/0001-a"], "r1"],
    );
    assert.equal("run" in deriveVersionState(facts()), false);
  });
});

describe("where two states fit, the more urgent one is shown", () => {
  const dead = { row: "8.6.0", run: run() };
  const failed = { row: "8.6.0", run: run({ status: "failed" }) };
  const table: [what: string, given: StateFacts, kind: VersionStateKind][] = [
    ["unknown before running", facts({ run: run(), leaseAlive: true, newerProtocol: true }), "unknown"],
    ["unknown before failed", facts({ ...failed, row: "abc" }), "unknown"],
    ["running before interrupted: the beat of the lease decides", facts({ ...dead, leaseAlive: true }), "running"],
    ["running before restart", facts({ ...dead, leaseAlive: true, filesVersion: "8.7.0" }), "running"],
    ["interrupted before restart", facts({ ...dead, filesVersion: "8.7.0" }), "interrupted"],
    ["failed before restart", facts({ ...failed, filesVersion: "8.7.0" }), "failed"],
    ["failed before unsupported", facts({ ...failed, release: { missingFiles: ["x"] } }), "failed"],
    ["a run before current", facts({ run: run() }), "interrupted"],
    [
      "restart before held",
      facts({ row: "8.6.5", filesVersion: "8.7.0", run: run({ status: "completed", phase: "held", toVersion: "8.6.5" }) }),
      "restart",
    ],
    ["behind before held", facts({ pending: ["8.6.1/0001-a"], run: run({ status: "completed", phase: "held" }) }), "behind"],
    ["restart before unsupported", facts({ row: "8.5.0", filesVersion: "8.7.0", release: patch }), "restart"],
    ["restart before ahead", facts({ row: "8.6.5", filesVersion: "8.7.0" }), "restart"],
    ["restart before behind", facts({ row: "8.5.0", filesVersion: "8.6.0" }), "restart"],
    ["unsupported before ahead: a patch set for an older release", facts({ row: "8.7.0", release: patch }), "unsupported"],
    ["unsupported before behind", facts({ row: "8.5.0", release: { missingFiles: ["8.6.1/0001-a"] } }), "unsupported"],
    ["unsupported before unversioned", facts({ row: null, hasForeignTables: true, release: { missingFiles: ["x"] } }), "unsupported"],
    ["unsupported before fresh", facts({ row: null, release: { missingFiles: ["x"] } }), "unsupported"],
    ["running before altered", facts({ ...dead, leaseAlive: true, files: wrong }), "running"],
    ["failed before altered", facts({ ...failed, files: wrong }), "failed"],
    ["restart before altered", facts({ row: "8.6.0", filesVersion: "8.7.0", files: wrong }), "restart"],
    ["unsupported before altered", facts({ row: "8.5.0", release: { missingFiles: ["x"] }, files: wrong }), "unsupported"],
    ["altered before ahead", facts({ row: "8.7.0", files: wrong }), "altered"],
    ["altered before behind", facts({ row: "8.5.0", files: wrong }), "altered"],
    ["altered before unversioned", facts({ row: null, hasForeignTables: true, files: wrong }), "altered"],
    ["altered before fresh", facts({ row: null, files: wrong }), "altered"],
    ["altered before held", facts({ run: run({ status: "completed", phase: "held" }), files: wrong }), "altered"],
    ["ahead before behind: what is pending does not matter", facts({ row: "8.7.0", pending: ["8.6.1/0001-a"] }), "ahead"],
    ["behind before current", facts({ pending: ["8.6.1/0001-a"] }), "behind"],
    ["unversioned before fresh", facts({ row: null, hasHistory: true }), "unversioned"],
    ["ahead, not restart, when the files on disk don't fit either", facts({ row: "8.8.0", filesVersion: "8.7.0" }), "ahead"],
    ["fresh, not restart, when nothing is installed", facts({ row: null, filesVersion: "8.7.0" }), "fresh"],
  ];
  for (const [what, given, kind] of table) test(what, () => assertState(given, kind));
});

describe("the version row is read as semver", () => {
  const table: [row: string, code: string, kind: VersionStateKind, installed: string | null][] = [
    ["8.6.1-release.1", "8.6.1", "behind", "8.6.1-release.1"],
    ["8.6.1", "8.6.1-release.1", "ahead", "8.6.1"],
    ["8.6.1-release.1", "8.6.1-release.1", "current", "8.6.1-release.1"],
    ["8.6.1-release.2", "8.6.1-release.10", "behind", "8.6.1-release.2"],
    ["8.7.0-rc.1", "8.7.0", "behind", "8.7.0-rc.1"],
    ["8.7.0-rc.1", "8.6.1", "ahead", "8.7.0-rc.1"],
    ["8.9.0", "8.10.0", "behind", "8.9.0"],
    ["8.6.1+build.7", "8.6.1", "current", "8.6.1"],
    ["8.6.0+build.7", "8.6.1", "behind", "8.6.0"],
    [" 8.6.1\n", "8.6.1", "current", "8.6.1"],
    ["", "8.6.1", "unknown", null],
    ["abc", "8.6.1", "unknown", null],
    ["8.6", "8.6.1", "unknown", null],
    ["8.6.1.2", "8.6.1", "unknown", null],
    ["-1.0.0", "8.6.1", "unknown", null],
    ["8".repeat(10_240), "8.6.1", "unknown", null],
  ];
  for (const [row, codeVersion, kind, installed] of table) {
    test(`row ${JSON.stringify(row.slice(0, 20))}, code ${codeVersion}: ${kind}`, () => {
      const state = deriveVersionState(facts({ row, codeVersion }));
      assert.deepEqual([state.kind, state.installedVersion], [kind, installed]);
    });
  }

  test("10 kB of garbage are quoted by their beginning only", () => {
    const { reason } = deriveVersionState(facts({ row: "x".repeat(10_240) }));
    assert.ok(reason.length < 150, reason);
  });
});

describe("visitors are told only a number", () => {
  const table: Record<VersionStateKind, string | null> = {
    current: null,
    fresh: "Err2",
    unversioned: "Err2",
    behind: "Err2",
    ahead: "Err2",
    restart: "Err2",
    unsupported: "Err2",
    altered: "Err2",
    running: "Err3",
    interrupted: "Err3",
    failed: "Err3",
    held: "Err3",
    unknown: "Err1",
  };
  for (const [kind, code] of Object.entries(table))
    test(`${kind}: ${code ?? "no page"}`, () => assert.equal(maintenanceCode(kind as VersionStateKind), code));
});
