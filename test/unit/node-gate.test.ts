import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type NodeGateFacts, nodeGateOf } from "../../src/core/node-gate.js";

type Case = readonly [name: string, facts: Partial<NodeGateFacts>, gate: ReturnType<typeof nodeGateOf>];

const current = { kind: "current", codeVersion: "1.1.0", installedVersion: "1.1.0" } as const;
const behind = { kind: "behind", codeVersion: "1.1.0", installedVersion: "1.0.0" } as const;
const old = { codeVersion: "1.0.0", epoch: 4 };
const running = { status: "running", phase: "migrating", epoch: 5 } as const;

const CASES: readonly Case[] = [
  ["of the same files, up to date", {}, "open"],
  ["of older files, while the database is up to date", { node: old }, "closed"],
  ["of the older release, which is still installed", { node: old, state: behind }, "open"],
  ["of newer files, while the older release is installed", { state: behind }, "closed"],
  ["with the same files and changes pending", { state: { ...behind, installedVersion: "1.1.0" } }, "closed"],
  ["that a run waits for", { run: running }, "closing"],
  ["that has acknowledged the run's closing", { node: { codeVersion: "1.1.0", epoch: 5 }, run: running }, "closed"],
  ["after a run that failed", { run: { ...running, status: "failed" } }, "closed"],
  ["while the site is held", { run: { status: "completed", phase: "held", epoch: 5 } }, "closed"],
  ["while a backup was made and the upgrade not started", { run: { status: "draft", phase: "ready", epoch: 5 } }, "closed"],
  ["beside somebody's draft", { run: { status: "draft", phase: "starting", epoch: 0 } }, "open"],
  ["that nobody hears of", { isSilent: true, run: running }, "silent"],
  ["while the state can't be read", { state: { ...current, kind: "unknown" } }, "unknown"],
  ["before anything is installed", { node: old, state: { ...behind, installedVersion: null } }, "closed"],
];

describe("the gate of another process", () => {
  for (const [name, facts, gate] of CASES)
    test(`${name}: ${gate}`, () => {
      const usual: NodeGateFacts = { node: { codeVersion: "1.1.0", epoch: 4 }, isSilent: false, state: current, run: null };
      assert.equal(nodeGateOf({ ...usual, ...facts }), gate);
    });
});
