import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NodeEntry } from "../../src/store/nodes.js";
import { nodesCheck } from "../../src/upgrade/node-checks.js";

function node(pid: number, codeVersion: string): NodeEntry {
  const at = "2026-11-01T10:00:00.000Z";
  const rest = { filesVersion: codeVersion, epoch: 0, inFlight: 0, oldest: null, beat: 1, startedAt: at, seenAt: at, protocol: 1 };
  return { id: `n${pid}`, host: "web1", hostId: "h1", pid, startedTicks: null, codeVersion, ...rest };
}

describe("the registered nodes", () => {
  test("none is no fault", () => assert.equal(nodesCheck([], "1.1.0").severity, "info"));

  test("all of the files' release are fine, also those of other hosts", () => {
    const { severity, message, remedy } = nodesCheck([node(1, "1.1.0"), node(2, "1.1.0")], "1.1.0");
    assert.deepEqual([severity, remedy], ["ok", null]);
    assert.equal(message, "web1 (process 1), release 1.1.0; web1 (process 2), release 1.1.0.");
  });

  test("one of another release is a warning that names it", () => {
    const { severity, message, remedy } = nodesCheck([node(1, "1.1.0"), node(2, "1.0.0")], "1.1.0");
    assert.equal(severity, "warning");
    assert.match(message, /process 2\), release 1\.0\.0; the files here are release 1\.1\.0/);
    assert.match(remedy ?? "", /Restart/);
  });

  test("what each has under way, and files that await a restart, are told", () => {
    const busy = { ...node(1, "1.1.0"), filesVersion: "1.2.0", inFlight: 3 };
    assert.equal(nodesCheck([busy], "1.1.0").message, "web1 (process 1), release 1.1.0, files 1.2.0, 3 under way.");
  });
});
