import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deriveVersionState } from "../../src/core/derive-version-state.js";
import type { ReleaseFacts, VersionStateKind } from "../../src/core/version-state.js";
import { facts } from "./support/facts.js";

type Row = [what: string, release: ReleaseFacts, installed: string | null, kind: VersionStateKind, ...says: RegExp[]];

function check(rows: readonly Row[], codeVersion = "8.6.1"): void {
  for (const [what, release, row, kind, ...says] of rows) {
    test(`${what}: ${kind}`, () => {
      const state = deriveVersionState(facts({ codeVersion, row, release }));
      assert.equal(state.kind, kind, state.reason);
      for (const text of says) assert.match(`${state.reason} ${state.remedy}`, text);
    });
  }
}

describe("a patch set", () => {
  const patch: ReleaseFacts = { kind: "patch", appliesTo: "~8.6.0" };
  check([
    ["made for the installed version", patch, "8.6.0", "behind"],
    ["older than what is installed", patch, "8.7.0", "unsupported", /fits release ~8\.6\.0, but 8\.7\.0/, /full release 8\.7\.0/],
    ["made for a prerelease's range", { kind: "patch", appliesTo: "8.6.x" }, "8.6.0-release.1", "behind"],
    ["made for a later version", patch, "8.5.9", "unsupported", /fits release ~8\.6\.0, but 8\.5\.9/, /full release 8\.6\.1/],
    ["already installed", { kind: "patch", appliesTo: "8.6.0" }, "8.6.1", "current"],
    ["on an empty database", patch, null, "unsupported", /can't be installed by itself/, /Upload the full release 8\.6\.1/],
    ["that says not what it fits", { kind: "patch" }, "8.0.0", "behind"],
    ["a full release with appliesTo, which is for patch sets", { kind: "full", appliesTo: "8.6.0" }, "8.0.0", "behind"],
  ]);
});

describe("a required stop", () => {
  const stops: ReleaseFacts = { requiredStops: ["9.0.0", "8.10.0", "8.8.0"] };
  check(
    [
      ["on the way: the first one is named", stops, "8.6.1", "unsupported", /over release 8\.8\.0/, /Upload release 8\.8\.0/],
      ["just reached: the next one is named", stops, "8.8.0", "unsupported", /over release 8\.10\.0/],
      ["between two: in semver order, not by text", stops, "8.9.0", "unsupported", /over release 8\.10\.0/],
      ["all behind", stops, "9.0.0", "behind"],
      ["that is the release itself", { requiredStops: ["9.1.0"] }, "9.0.0", "behind"],
      ["later than the release", { requiredStops: ["10.0.0"] }, "9.0.0", "behind"],
      ["at a prerelease of the stop", { requiredStops: ["9.0.0"] }, "9.0.0-rc.1", "unsupported"],
      ["on an empty database", stops, null, "fresh"],
    ],
    "9.1.0",
  );
});

describe("prunedBefore", () => {
  const pruned: ReleaseFacts = { prunedBefore: "8.0.0" };
  check([
    [
      "later than the installed version",
      pruned,
      "7.9.9",
      "unsupported",
      /no longer holds the migrations from before 8\.0\.0/,
      /8\.0\.0 and/,
    ],
    ["that is the installed version", pruned, "8.0.0", "behind"],
    ["on an empty database", pruned, null, "fresh"],
    ["on a database that is up to date", pruned, "8.6.1", "current"],
  ]);
});

describe("upgradeFrom", () => {
  const from: ReleaseFacts = { upgradeFrom: ">=8.0.0 <8.6.1" };
  check([
    ["fits", from, "8.0.0", "behind"],
    ["fits a prerelease", from, "8.6.1-release.1", "behind"],
    ["does not fit", from, "7.9.9", "unsupported", /upgrades >=8\.0\.0 <8\.6\.1, but 7\.9\.9/, /First upgrade/],
    ["on an empty database", from, null, "fresh"],
    ["already installed", from, "8.6.1", "current"],
  ]);
});

describe("missing files", () => {
  check([
    [
      "on the way",
      { missingFiles: ["8.6.1/0001-a"] },
      "8.6.0",
      "unsupported",
      /these files are missing: 8\.6\.1\/0001-a/,
      /Upload all files of release 8\.6\.1/,
    ],
    ["on an empty database", { missingFiles: ["a", "b"] }, null, "unsupported", /these files are missing: a, b/],
    ["many: the first five are named", { missingFiles: [..."abcdefgh"] }, "8.6.0", "unsupported", /a, b, c, d, e, … \(8\)/],
    ["an upload that goes on while the site is up to date", { missingFiles: ["8.6.1/0001-a"] }, "8.6.1", "current"],
    ["before every other demand", { missingFiles: ["x"], upgradeFrom: ">=9.0.0" }, "8.0.0", "unsupported", /incomplete/],
  ]);
});

describe("migrations pending at equal versions", () => {
  const pendingState = (release: ReleaseFacts, pending = ["8.6.1/0002-b"]): ReturnType<typeof deriveVersionState> =>
    deriveVersionState(facts({ pending, release }));

  test("are behind, and named", () => {
    const { kind, reason } = pendingState({});
    assert.equal(kind, "behind");
    assert.match(reason, /8\.6\.1 is installed, but there are pending migrations: 8\.6\.1\/0002-b\./);
  });

  test("are named up to five", () => {
    assert.match(pendingState({}, [..."abcdefg"]).reason, /pending migrations: a, b, c, d, e, … \(7\)/);
  });

  test("can't be applied while files are missing", () => {
    assert.equal(pendingState({ missingFiles: ["8.6.1/0001-a"] }).kind, "unsupported");
  });

  test("are not refused because the release's ranges name older versions: it is installed already", () => {
    assert.equal(pendingState({ upgradeFrom: ">=8.0.0 <8.6.1" }).kind, "behind");
    assert.equal(pendingState({ kind: "patch", appliesTo: "8.6.0" }).kind, "behind");
  });
});
