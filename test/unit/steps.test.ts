import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { VersionStateKind } from "../../src/core/version-state.js";
import { firstUnfinishedStep, mayShow, type StepId, stepMarks } from "../../src/web/wizard/steps.js";

const AT = "2026-11-01T10:00:00.000Z";
const NOTHING = { licenseAcceptedAt: null, reviewedAt: null };
const ACCEPTED = { licenseAcceptedAt: AT, reviewedAt: null };
const REVIEWED = { licenseAcceptedAt: AT, reviewedAt: AT };
const REVIEWED_ONLY = { licenseAcceptedAt: null, reviewedAt: AT };

type Draft = Parameters<typeof firstUnfinishedStep>[1];

test("after a restore the walk is over until somebody begins it anew", () => {
  const draft = { licenseAcceptedAt: null, reviewedAt: null };
  assert.equal(firstUnfinishedStep("behind", null, true, true), "done");
  assert.equal(firstUnfinishedStep("behind", draft, true, true), "license");
  assert.equal(firstUnfinishedStep("failed", null, true, true), "failed");
});

describe("the operator is sent to the first unfinished page", () => {
  for (const kind of ["fresh", "behind"] as const) {
    const table: [what: string, draft: Draft, hasLicense: boolean, step: StepId][] = [
      ["nothing done", null, true, "license"],
      ["a draft without a step", NOTHING, true, "license"],
      ["nothing done, no licence", null, false, "review"],
      ["licence accepted", ACCEPTED, true, "review"],
      ["reviewed", REVIEWED, true, "backup"],
      ["reviewed, no licence", REVIEWED_ONLY, false, "backup"],
      ["reviewed, then the release brought a licence", REVIEWED_ONLY, true, "license"],
    ];
    for (const [what, draft, hasLicense, step] of table)
      test(`${kind}, ${what}: ${step}`, () => assert.equal(firstUnfinishedStep(kind, draft, hasLicense), step));
  }

  const whateverTheDraft: [kind: VersionStateKind, step: StepId][] = [
    ["running", "progress"],
    ["interrupted", "progress"],
    ["failed", "failed"],
    ["current", "done"],
    ["unversioned", "review"],
    ["ahead", "review"],
    ["restart", "review"],
    ["unsupported", "review"],
    ["altered", "review"],
    ["unknown", "review"],
  ];
  for (const [kind, step] of whateverTheDraft)
    test(`${kind}: ${step}`, () => {
      for (const draft of [null, NOTHING, ACCEPTED, REVIEWED])
        for (const hasLicense of [false, true]) assert.equal(firstUnfinishedStep(kind, draft, hasLicense), step);
    });
});

describe("an operator may go back, never ahead", () => {
  const table: Partial<Record<StepId, StepId[]>> = {
    license: ["license"],
    review: ["license", "review"],
    backup: ["license", "review", "backup"],
    progress: ["progress"],
    failed: ["failed"],
    done: ["done"],
  };
  for (const [target, shown] of Object.entries(table))
    test(`at ${target}: ${shown.join(", ")}`, () => {
      const pages: StepId[] = ["key", "license", "review", "backup", "progress", "failed", "done"];
      assert.deepEqual(
        pages.filter((page) => mayShow(page, target as StepId)),
        shown,
      );
    });
});

describe("the marks at the top", () => {
  const marks = (current: StepId, hasLicense = true, kind: "upgrade" | "install" = "upgrade"): string =>
    stepMarks(current, hasLicense, kind)
      .map(({ label, status }) => `${label} ${status}`)
      .join(", ");

  const table: [current: StepId, marks: string][] = [
    ["license", "Licence current, Review todo, Backup todo, Upgrade todo, Done todo"],
    ["review", "Licence done, Review current, Backup todo, Upgrade todo, Done todo"],
    ["backup", "Licence done, Review done, Backup current, Upgrade todo, Done todo"],
    ["progress", "Licence done, Review done, Backup done, Upgrade current, Done todo"],
    ["failed", "Licence done, Review done, Backup done, Upgrade current, Done todo"],
    ["done", "Licence done, Review done, Backup done, Upgrade done, Done done"],
    ["key", "Licence todo, Review todo, Backup todo, Upgrade todo, Done todo"],
  ];
  for (const [current, expected] of table) test(`at ${current}`, () => assert.equal(marks(current), expected));

  test("without a licence there is no licence step", () => assert.match(marks("review", false), /^Review current, Backup todo/));

  test("an installation says Install, and has nothing to back up", () =>
    assert.equal(marks("backup", false, "install"), "Review done, Ready current, Install todo, Done todo"));
});
