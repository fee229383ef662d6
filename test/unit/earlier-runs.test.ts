import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { earlierRunChecks, type RunEvent } from "../../src/core/earlier-runs.js";
import type { Run } from "../../src/core/run.js";

function run(id: string, change: Partial<Run> = {}): Run {
  const at = "2026-11-01T10:00:00.000Z";
  return {
    id,
    kind: "upgrade",
    fromVersion: "1.0.0",
    toVersion: "1.1.0",
    status: "completed",
    goal: "upgrade",
    phase: "done",
    epoch: 1,
    drain: "wait",
    hold: false,
    plan: [],
    error: null,
    passedOver: [],
    createdAt: at,
    startedAt: at,
    finishedAt: at,
    licenseAcceptedAt: null,
    licenseHash: null,
    reviewedAt: null,
    backup: null,
    ignoredChecks: null,
    ...change,
  };
}

const made = (proof: "read" | "restored" | null): Partial<Run> => ({
  backup: {
    kind: "made",
    confirmedAt: "",
    address: "cli",
    made: { id: "b1", takenAt: "", bytes: 1, rows: 1, proof, host: "web-1" },
  },
});
const failure = { code: "ERR_UPGATE_MIGRATION", message: "No such table.", remedy: "", migration: null };
const happened = (event: string, detail: string | null = null): RunEvent => ({ runId: "r1", event, detail });

const CASES: readonly [name: string, runs: readonly Run[], events: readonly RunEvent[], told: readonly RegExp[]][] = [
  ["nothing, where nothing has run", [], [], [/^ok There are none\.$/]],
  ["nothing of a run that went well", [run("r1", made("restored"))], [happened("start")], [/^ok The last run has left nothing to do\.$/]],
  [
    "checks that were ignored",
    [run("r1", { ignoredChecks: { ids: ["queue", "read-only"], confirmedAt: "", address: "cli" } })],
    [],
    [/^info .*these checks blocked: queue, read-only\.$/],
  ],
  ["a process that is gone", [run("r1", { passedOver: ["web-2 (process 7)"] })], [], [/^info .*no sign of life: web-2 \(process 7\)\.$/]],
  [
    "a process that may still write",
    [run("r1", { passedOver: ["web-2 (process 7): its connections to db-1 can't be ended from here"] })],
    [],
    [/^warning .*its connections to db-1/],
  ],
  ["a backup that was only read", [run("r1", made("read"))], [], [/^info .*b1 of the run r1 was read to its end, but not restored\.$/]],
  ["a backup that was not proven", [run("r1", made(null))], [], [/^info .*was not proven\.$/]],
  [
    "what people have said, once for each kind",
    [run("r1")],
    [happened("in-doubt-again"), happened("in-doubt-applied"), happened("drain-end"), happened("retry"), happened("resume")],
    [/^info .*in doubt/, /^info .*ended requests/, /^info .*taken up again/],
  ],
  [
    "each message that nobody took",
    [run("r1")],
    [happened("notification-failed", "mail: no answer"), happened("notification-failed", "webhook: 500")],
    [/^warning .*not taken: mail: no answer\.$/, /^warning .*webhook: 500\.$/],
  ],
  [
    "what came to nothing since the last run that completed",
    [run("r3", { status: "aborted" }), run("r2", { status: "failed", error: failure }), run("r1")],
    [],
    [/^info The run r3 to 1\.1\.0 was given up\.$/, /^warning The run r2 to 1\.1\.0 failed: No such table\.$/],
  ],
  [
    "nothing from before a later run that went well",
    [run("r2"), run("r1", { passedOver: ["web-2 (process 7)"], ...made("read") }), run("r0", { status: "failed", error: failure })],
    [happened("notification-failed", "mail: x")],
    [/^ok /],
  ],
];

describe("what earlier runs have left", () => {
  for (const [name, runs, events, told] of CASES)
    test(name, () => {
      const found = earlierRunChecks(runs, events, null);
      assert.equal(found.length, told.length, JSON.stringify(found));
      found.forEach(({ id, severity, message }, index) => {
        assert.equal(id, "earlier-runs");
        assert.match(`${severity} ${message}`, told[index] as RegExp);
      });
    });

  test("not of the run that the version state tells of", () => {
    const runs = [run("r2", { status: "failed", error: failure }), run("r1")];
    assert.deepEqual(
      earlierRunChecks(runs, [], "r2").map(({ severity }) => severity),
      ["ok"],
    );
  });
});
