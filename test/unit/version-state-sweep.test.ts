import assert from "node:assert/strict";
import { test } from "node:test";
import { deriveVersionState } from "../../src/core/derive-version-state.js";
import { maintenanceCode, type StateFacts, type VersionRowFact } from "../../src/core/version-state.js";
import { compareVersions } from "../../src/core/version.js";
import { CODE, run } from "./support/facts.js";

const KINDS = new Set([
  "current",
  "fresh",
  "unversioned",
  "behind",
  "ahead",
  "restart",
  "unsupported",
  "altered",
  "running",
  "interrupted",
  "failed",
  "held",
  "unknown",
]);

const ROWS: readonly VersionRowFact[] = [
  { kind: "absent" },
  { kind: "invalid", problem: "it is NULL." },
  ...["", "abc", "8.6", "8.5.0", "8.6.0", "8.6.1-release.1", "8.6.1", "8.6.1+7", "8.7.0-rc.1", "8.7.0", "9.0.0"].map((text) => ({
    kind: "text" as const,
    text,
  })),
];
const FILES = ["8.5.0", CODE, "8.7.0"];
const PENDING = [[], ["8.6.1/0001-a"], [..."abcdefg"]];
const RELEASES = [
  {},
  { kind: "patch" as const, appliesTo: "8.6.0" },
  { requiredStops: ["8.6.0"] },
  { upgradeFrom: ">=8.6.0" },
  { missingFiles: ["8.6.1/0001-a"] },
  { kind: "full" as const, appliesTo: "1.x", requiredStops: [], upgradeFrom: "*", missingFiles: [] },
];
const FILES_FACTS = [null, { reason: "These files are not as release 8.6.1 has them: a.js.", remedy: "Upload them again." }];
const error = { code: "ERR_UPGATE_MIGRATION_FAILED", message: "m", remedy: "r", migration: null };
const RUNS = [
  null,
  run(),
  run({ toVersion: "8.7.0", kind: "restore", phase: "closing" }),
  run({ kind: "install", fromVersion: null }),
  run({ status: "failed" }),
  run({ status: "failed", error }),
  run({ status: "completed", phase: "held" }),
];
const FLAGS = [false, true];

function* everyCombination(): Generator<StateFacts> {
  for (const versionRow of ROWS)
    for (const filesVersion of FILES)
      for (const pending of PENDING)
        for (const release of RELEASES)
          for (const active of RUNS)
            for (const leaseAlive of FLAGS)
              for (const newerProtocol of FLAGS)
                for (const hasHistory of FLAGS)
                  for (const hasForeignTables of FLAGS)
                    for (const files of FILES_FACTS) {
                      const database = {
                        kind: "read" as const,
                        versionRow,
                        hasHistory,
                        hasForeignTables,
                        historyOrigin: "own" as const,
                        run: active,
                        leaseAlive,
                        newerProtocol,
                      };
                      yield { codeVersion: CODE, filesVersion, pending, release, files, database };
                    }
}

/** The facts under which visitors may be let in, said once more and in other words than the derivation's. */
function mayOpen({ pending, files, database }: StateFacts): boolean {
  if (database.kind !== "read" || database.newerProtocol || database.run !== null || files !== null || pending.length > 0) return false;
  return database.versionRow.kind === "text" && ["8.6.1", "8.6.1+7"].includes(database.versionRow.text);
}

test("whatever the facts, there is one state with a reason and a remedy, and it opens the gate only when all agrees", () => {
  const seen = new Set<string>();
  let combinations = 0;
  for (const given of everyCombination()) {
    const state = deriveVersionState(given);
    const about = (): string => `${JSON.stringify(given)} → ${JSON.stringify(state)}`;
    assert.ok(KINDS.has(state.kind), about());
    assert.ok(state.reason.length > 0 && state.remedy.length > 0, about());
    assert.doesNotMatch(`${state.reason} ${state.remedy}`, /undefined|null\b|\[object|NaN/, about());
    assert.equal(maintenanceCode(state.kind) === null, mayOpen(given), about());
    if (state.kind === "behind") assert.ok(state.installedVersion !== null && compareVersions(state.installedVersion, CODE) <= 0, about());
    if (state.kind === "ahead") assert.ok(state.installedVersion !== null && compareVersions(state.installedVersion, CODE) > 0, about());
    seen.add(state.kind);
    combinations++;
  }
  assert.deepEqual(seen, KINDS);
  assert.ok(combinations > 60_000, String(combinations));
});

test("the derivation leaves its facts as they were, and says the same again", () => {
  const freeze = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  };
  const given = [...everyCombination()].filter((_, index) => index % 997 === 0);
  given.forEach(freeze);
  for (const item of given) assert.deepEqual(deriveVersionState(item), deriveVersionState(item));
});
