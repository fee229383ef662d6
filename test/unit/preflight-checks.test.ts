import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { blockingChecks, type Check } from "../../src/core/check.js";
import { MIB } from "../../src/core/size.js";
import { isLeftover, isProbeTable, probeTableName } from "../../src/store/probe-name.js";
import { isOwnTable } from "../../src/store/tables.js";
import { judgeDisk } from "../../src/upgrade/disk-check.js";
import { judgeEngines } from "../../src/upgrade/engines-check.js";
import { tableLocksCheck, transactionsCheck } from "../../src/upgrade/lock-checks.js";
import { blockedStart, ignoredChecks, Preflight } from "../../src/upgrade/preflight.js";
import { judgeProbe } from "../../src/upgrade/privilege-probe.js";
import { galeraCheck, replicationCheck } from "../../src/upgrade/replication-checks.js";
import { packetCheck, readOnlyCheck, sqlModeCheck, timeZoneCheck } from "../../src/upgrade/settings-checks.js";
import { collationsCheck, engineCheck, rowFormatCheck } from "../../src/upgrade/table-checks.js";

type Row = readonly [name: string, check: Check, severity: Check["severity"] | "blocking", says: RegExp];

/** Every check that is not well has a remedy, and only a danger blocks. */
function table(title: string, rows: readonly Row[]): void {
  describe(title, () => {
    for (const [name, check, severity, says] of rows)
      test(name, () => {
        assert.equal(check.blocking ? "blocking" : check.severity, severity, check.message);
        assert.match(check.message, says);
        if (check.blocking) assert.equal(check.severity, "danger");
        if (check.severity === "danger" || check.severity === "warning") assert.match(check.remedy ?? "", /^[A-Z].*\.$/);
      });
  });
}

table("SQL mode", [
  ["strict is well", sqlModeCheck({ sqlMode: ["STRICT_TRANS_TABLES", "NO_ENGINE_SUBSTITUTION"] }), "ok", /^Strict/],
  ["TRADITIONAL is strict", sqlModeCheck({ sqlMode: ["TRADITIONAL"] }), "ok", /^Strict/],
  ["none cuts values off", sqlModeCheck({ sqlMode: [] }), "warning", /cut off/],
  ["ANSI_QUOTES is named", sqlModeCheck({ sqlMode: ["STRICT_ALL_TABLES", "ANSI_QUOTES"] }), "warning", /ANSI_QUOTES \(.*names\)/],
  ["so is NO_BACKSLASH_ESCAPES", sqlModeCheck({ sqlMode: ["NO_BACKSLASH_ESCAPES"] }), "warning", /backslashes/],
]);

const zone = { sessionTimeZone: "SYSTEM", globalTimeZone: "SYSTEM", systemTimeZone: "CET", offsetMinutes: 60 };
table("time zone", [
  ["the machine's own", timeZoneCheck(zone), "ok", /^CET, .*\(UTC\+01:00\)\.$/],
  ["one for all", timeZoneCheck({ ...zone, sessionTimeZone: "-03:30", globalTimeZone: "-03:30", offsetMinutes: -210 }), "ok", /UTC-03:30/],
  ["another than the server's is told", timeZoneCheck({ ...zone, sessionTimeZone: "+00:00", offsetMinutes: 0 }), "info", /\+00:00.*CET/],
]);

table("longest statement", [
  ["16 MiB will do", packetCheck({ maxAllowedPacketBytes: 16 * MIB }), "ok", /16 MiB/],
  ["less may not", packetCheck({ maxAllowedPacketBytes: 4 * MIB }), "warning", /is 4 MiB/],
]);

table("writing", [
  ["is well", readOnlyCheck({ readOnly: [] }), "ok", /takes changes/],
  ["read_only blocks", readOnlyCheck({ readOnly: ["read_only", "super_read_only"] }), "blocking", /read_only, super_read_only/],
]);

const shop = { name: "shop", engine: "InnoDB", collation: "utf8mb4_general_ci", rowFormat: "Dynamic", bytes: 10 };
const all = (...tables: (typeof shop)[]) => ({ tables, collation: "utf8mb4_general_ci" });
table("storage engine", [
  ["all InnoDB", engineCheck(all(shop), "InnoDB"), "ok", /All tables/],
  ["MyISAM is named", engineCheck(all({ ...shop, engine: "MyISAM" }), "InnoDB"), "warning", /shop \(MyISAM\)/],
  ["another default", engineCheck(all(shop), "MyISAM"), "warning", /New tables become MyISAM/],
]);

table("collations", [
  ["one for all", collationsCheck(all(shop), "tbl_config"), "ok", /utf8mb4_general_ci/],
  [
    "others are named",
    collationsCheck(all({ ...shop, collation: "latin1_swedish_ci" }), "tbl_config"),
    "warning",
    /shop \(latin1_swedish_ci\)/,
  ],
  ["but not the version table's", collationsCheck(all({ ...shop, collation: "utf8mb4_bin" }), "shop"), "ok", /All/],
  [
    "at most five by name",
    collationsCheck(all(...[1, 2, 3, 4, 5, 6, 7].map((n) => ({ ...shop, name: `t${n}`, collation: "a" }))), "tbl_config"),
    "warning",
    /t5 \(a\) and 2 more\./,
  ],
]);

table("row format", [
  ["DYNAMIC is well", rowFormatCheck(all(shop), new Set()), "ok", /No table/],
  ["COMPACT with short keys", rowFormatCheck(all({ ...shop, rowFormat: "Compact" }), new Set()), "info", /shop/],
  [
    "REDUNDANT with long ones",
    rowFormatCheck(all({ ...shop, rowFormat: "Redundant" }), new Set(["shop"])),
    "warning",
    /keys on long texts: shop/,
  ],
  ["another engine's is its own", rowFormatCheck(all({ ...shop, engine: "MyISAM", rowFormat: "Compact" }), new Set()), "ok", /No table/],
]);

const holder = { connection: 42, user: "app", host: "10.0.0.7:51344", ageSeconds: 35, tables: ["invoices", "customers"] };
table("locks", [
  ["none", transactionsCheck([]), "ok", /None/],
  ["a transaction, by connection and age", transactionsCheck([holder]), "warning", /connection 42 of app@10\.0\.0\.7:51344, 35 s\.$/],
  ["a prepared one", transactionsCheck([{ ...holder, connection: 0, user: null }]), "warning", /prepared XA/],
  ["no table", tableLocksCheck([], 0), "ok", /No table/],
  ["a table, with its name", tableLocksCheck([holder], 1), "warning", /35 s \(invoices, customers\)\. One connection waits/],
  ["a server that can't tell", tableLocksCheck(null, 0), "info", /can't tell/],
  ["and somebody waits", tableLocksCheck(null, 2), "warning", /2 connections wait/],
]);

const replica = { source: "db-1:3306", isRunning: true, lagSeconds: 3 };
table("replication", [
  ["no replica", replicationCheck([], true), "ok", /no replica/],
  ["read-only blocks", replicationCheck([replica], true), "blocking", /db-1:3306, 3 s behind/],
  ["one that is written to", replicationCheck([replica], false), "warning", /does not reach the source/],
  ["one that stands still", replicationCheck([{ ...replica, isRunning: false, lagSeconds: null }], false), "warning", /db-1:3306, stopped/],
]);

const galera = { clusterStatus: "Primary", localState: "Synced", isReady: true, size: 3 };
table("Galera", [
  ["a synced node", galeraCheck(galera, "TOI"), "ok", /3 nodes/],
  ["outside of the primary part", galeraCheck({ ...galera, clusterStatus: "non-Primary" }, "TOI"), "blocking", /non-Primary/],
  ["not ready", galeraCheck({ ...galera, isReady: false }, "TOI"), "blocking", /no statements/],
  ["changes that stay on the node", galeraCheck(galera, "RSU"), "blocking", /RSU/],
  ["a donor", galeraCheck({ ...galera, localState: "Donor/Desynced" }, "TOI"), "warning", /Donor/],
]);

const file = "/app/package.json";
table("engines", [
  ["none", judgeEngines(undefined, "v20.19.0", file), "ok", /names no version/],
  ["one that fits", judgeEngines(">=20", "v22.1.0", file), "ok", /22\.1\.0/],
  ["one that does not", judgeEngines(">=24", "v22.1.0", file), "blocking", /asks for Node\.js >=24; this is 22\.1\.0/],
  ["no range", judgeEngines("newest", "v22.1.0", file), "info", /no range/],
]);

table("disk", [
  ["room", judgeDisk(1024 * MIB, { name: "shop", bytes: 100 * MIB }), "ok", /1\.0 GiB/],
  ["no room for a copy", judgeDisk(300 * MIB, { name: "shop", bytes: 250 * MIB }), "warning", /copies shop needs 250 MiB/],
  ["full", judgeDisk(10 * MIB, null), "blocking", /Only 10 MiB/],
]);

const tried = { denied: [], oftenNeeded: [], left: null };
table("privileges", [
  ["all", judgeProbe(tried, "crm", null), "ok", /^Tried/],
  ["what some migrations need", judgeProbe({ ...tried, oftenNeeded: ["INDEX"] }, "crm", null), "warning", /lacks INDEX on crm; only some/],
  ["what all need", judgeProbe({ ...tried, denied: ["ALTER"] }, "crm", null), "blocking", /lacks ALTER on crm/],
  [
    "without a table, what was not granted besides",
    judgeProbe({ ...tried, denied: ["CREATE"] }, "crm", { needed: ["CREATE", "DROP"], oftenNeeded: ["INDEX"] }),
    "blocking",
    /lacks CREATE, DROP, INDEX on crm/,
  ],
  [
    "a table that stays",
    judgeProbe({ ...tried, denied: ["DROP"], left: "upgate_probe_1" }, "crm", null),
    "blocking",
    /upgate_probe_1 could not be dropped/,
  ],
]);

describe("a scratch table's name", () => {
  const now = Date.parse("2026-11-01T10:00:00Z");
  const name = probeTableName(now);

  test("is upgate's own, and no other's", () => {
    assert.ok(isProbeTable(name) && isOwnTable(name), name);
    for (const other of ["upgate_probe", "upgate_probe_x", "probe_mbzx41qo_9f2c4e1a", `${name}_old`])
      assert.equal(isProbeTable(other), false, other);
    assert.notEqual(probeTableName(now), name);
  });

  test("tells when it was left behind", () => {
    assert.deepEqual([isLeftover(name, now), isLeftover(name, now + 59_000), isLeftover(name, now + 61_000)], [false, false, true]);
    assert.equal(isLeftover(name, now - 3_600_000), true, "of a machine whose clock is ahead");
    assert.equal(isLeftover("orders", now), false);
  });
});

describe("the way past the checks", () => {
  const full: Check = { id: "database-disk", title: "Room", severity: "danger", blocking: true, message: "Full.", remedy: "Make room." };
  const fine: Check = { ...full, id: "node", severity: "danger", blocking: false };

  test("only what blocks refuses, and the error says what to do", () => {
    assert.deepEqual(blockingChecks([fine, full]), [full]);
    new Preflight(null, undefined).pass([fine]);
    assert.throws(() => new Preflight(null, undefined).pass([fine, full]), {
      code: "ERR_UPGATE_PREFLIGHT",
      message: "A check blocks the start. Room: Full.",
    });
    assert.match(blockedStart([full]).remedy, /^Make room\. .*--ignore-checks/);
  });

  test("what was ignored on the review page passes, anything new does not", () => {
    const draft = ignoredChecks(["database-disk", "database-disk"], { address: "::1", session: "s" }, "2026-11-01T10:00:00.000Z");
    assert.deepEqual(draft, { ids: ["database-disk"], confirmedAt: "2026-11-01T10:00:00.000Z", address: "::1", session: "s" });
    new Preflight(draft, undefined).pass([full]);
    assert.throws(() => new Preflight(draft, undefined).pass([full, { ...full, id: "read-only" }]), { code: "ERR_UPGATE_PREFLIGHT" });
    new Preflight(null, { address: "cli" }).pass([full]);
    assert.equal(ignoredChecks([], { address: "cli" }, "now"), null);
  });
});
