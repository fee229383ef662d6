import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { autoResumesOf, autoResumesText } from "../../src/core/auto-resumes.js";
import { deriveVersionState } from "../../src/core/derive-version-state.js";
import { facts, run } from "./support/facts.js";

describe("how often nodes have resumed a run by themselves", () => {
  test("is counted for one run", () => {
    assert.equal(autoResumesText("r1", 2), '{"runId":"r1","times":2}');
    assert.equal(autoResumesOf(autoResumesText("r1", 2), "r1"), 2);
    assert.equal(autoResumesOf(autoResumesText("r1", 2), "r2"), 0);
    assert.equal(autoResumesOf(null, "r1"), 0);
  });

  const interrupted = (autoResumes: number) => deriveVersionState(facts({ row: "8.6.0", run: run(), autoResumes }));

  test("the operator is told once they have given up", () => {
    for (const times of [0, 1, 2]) assert.match(`${interrupted(times).reason} ${interrupted(times).remedy}`, /terminated\. Press Resume/);
    const { kind, reason, remedy, autoResumes } = interrupted(3);
    assert.deepEqual([kind, autoResumes], ["interrupted", 3]);
    assert.match(reason, /gone on by itself 3 times, and was terminated each time/);
    assert.match(remedy, /Find out what terminates it.*press Resume/);
  });

  test("a state without any says nothing of it", () => assert.equal("autoResumes" in interrupted(0), false));

  test("files that are too old come first", () => {
    const state = deriveVersionState(facts({ row: "8.6.0", run: run({ toVersion: "8.7.0" }), autoResumes: 3 }));
    assert.match(state.remedy, /Upload release 8\.7\.0/);
  });
});
