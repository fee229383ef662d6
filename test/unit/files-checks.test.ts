import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FilesComparison, SomePaths } from "../../src/core/release-files.js";
import { integrityCheck, signatureCheck } from "../../src/upgrade/files-checks.js";
import type { FilesReading } from "../../src/upgrade/integrity.js";

const some = (...paths: string[]): SomePaths => ({ count: paths.length, paths });
const NONE = some();
const compared = (change: Partial<FilesComparison> = {}): FilesReading => ({
  kind: "compared",
  comparison: {
    version: "8.6.1",
    signature: "unasked",
    listed: 12,
    missing: NONE,
    altered: NONE,
    lineEnds: NONE,
    stale: null,
    strange: NONE,
    unreadable: NONE,
    leftOver: NONE,
    tookMs: 7,
    comparedAt: "2026-11-01T00:00:00.000Z",
    ...change,
  },
});
const invalid: FilesReading = { kind: "invalid", problem: "Unexpected end of JSON input" };

describe("the check of the files", () => {
  const rows: [what: string, reading: FilesReading, severity: string, blocks: boolean, says: RegExp][] = [
    ["as they should be", compared(), "ok", false, /^12 files are as release 8\.6\.1 has them \(compared in 7 ms\)\. $/],
    ["missing", compared({ missing: some("a.js") }), "danger", true, /missing: a\.js/],
    ["altered and left over", compared({ altered: some("a.js"), leftOver: some("b.js") }), "danger", true, /has them: a\.js/],
    ["left over only", compared({ leftOver: some("b.js") }), "warning", false, /left over from an earlier release: b\.js\. Delete them/],
    ["unreadable only", compared({ unreadable: some("a.js") }), "danger", true, /the right to read them/],
    [
      "of another release than this process",
      compared({ version: "8.7.0", altered: some("a.js") }),
      "warning",
      false,
      /of release 8\.7\.0, but/,
    ],
    ["right, below a signature that is not", compared({ signature: "broken" }), "ok", false, /12 files are as/],
    ["of a manifest that can't be read", invalid, "danger", true, /can't be used: Unexpected end/],
    ["not to be compared", { kind: "failed", problem: "no thread" }, "warning", false, /can't be compared with release\.json: no thread/],
    ["not sealed", { kind: "idle", because: "not-sealed" }, "ok", false, /lists no files/],
    ["not wanted", { kind: "idle", because: "off" }, "ok", false, /option integrity/],
  ];
  for (const [what, reading, severity, blocks, says] of rows)
    test(`${what}: ${severity}`, () => {
      const check = integrityCheck(reading, "8.6.1", true);
      assert.deepEqual([check.severity, check.blocking ?? false], [severity, blocks]);
      assert.match(`${check.message} ${check.remedy ?? ""}`, says);
      const warned = integrityCheck(reading, "8.6.1", false);
      assert.deepEqual([warned.severity, warned.blocking ?? false], [severity === "danger" ? "warning" : severity, false]);
    });
});

describe("the check of the signature", () => {
  const rows: [what: string, reading: FilesReading, asked: boolean, severity: string, says: RegExp][] = [
    ["valid", compared({ signature: "valid" }), true, "ok", /release\.json is signed with the vendor's key/],
    ["none", compared({ signature: "unsigned" }), true, "danger", /is not signed/],
    ["of another key", compared({ signature: "untrusted" }), true, "danger", /does not know/],
    ["of another content", compared({ signature: "broken" }), true, "danger", /changed after it had been signed/],
    ["of a manifest that can't be read", invalid, true, "danger", /can't be used/],
    ["that nobody asks for", compared(), false, "ok", /^Not checked/],
    ["that nobody asks for, of a manifest that can't be read", invalid, false, "ok", /^Not checked/],
  ];
  for (const [what, reading, asked, severity, says] of rows)
    test(`${what}: ${severity}`, () => {
      const check = signatureCheck(reading, "release.json", asked ? "8.6.1" : null);
      assert.deepEqual([check.severity, check.blocking ?? false], [severity, severity === "danger"]);
      assert.match(check.message, says);
    });
});
