import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VersionState, VersionStateKind } from "../../src/core/version-state.js";
import { badgeModel, renderBadge } from "../../src/web/badge.js";
import { Renderer } from "../../src/web/render.js";
import { Texts } from "../../src/web/texts/texts.js";

const english = new Texts(["en"], {}).in("en");

const state = (kind: VersionStateKind, more: Partial<VersionState> = {}): VersionState => ({
  kind,
  codeVersion: "8.6.1",
  filesVersion: "8.6.1",
  installedVersion: "8.6.1",
  pending: [],
  reason: "",
  remedy: "",
  ...more,
});

describe("the badge", () => {
  for (const [kind, label, severity, href] of [
    ["current", "You are up to date!", "ok", null],
    ["fresh", "Not installed yet", "warning", "/install"],
    ["behind", "Upgrade required", "danger", "/install"],
    ["unversioned", "Upgrade required", "danger", "/install"],
    ["interrupted", "Upgrade required", "danger", "/install"],
    ["failed", "Upgrade required", "danger", "/install"],
    ["running", "Upgrade in progress", "info", "/install"],
    ["restart", "Restart required", "warning", null],
    ["ahead", "Wrong files uploaded", "danger", "/install"],
    ["unsupported", "Wrong files uploaded", "danger", "/install"],
    ["altered", "Wrong files uploaded", "danger", "/install"],
    ["unknown", "Check failed", "danger", null],
  ] as const) {
    it(`says "${label}" when the state is ${kind}`, () => {
      const badge = badgeModel(state(kind), "/install", english);
      assert.deepEqual([badge.label, badge.severity, badge.href], [label, severity, href]);
    });
  }

  it("says that a restart begins the upgrade when newer files lie on disk", () => {
    const badge = badgeModel(state("current", { filesVersion: "8.7.0" }), "/install", english);
    assert.deepEqual([badge.label, badge.severity], ["Restart to begin the upgrade to 8.7.0", "info"]);
  });

  it("speaks the language that is asked for", () => {
    const badge = badgeModel(state("current", { filesVersion: "8.7.0" }), "/install", new Texts(["de"], {}).in("de"));
    assert.match(badge.label, /8\.7\.0/);
    assert.doesNotMatch(badge.label, /Restart/);
    assert.equal(badge.versionText, "Version 8.6.1");
  });

  it("warns of an install folder that is still there, besides what it says", () => {
    const badge = badgeModel(state("current"), "/install", english, "setup <old>");
    assert.deepEqual([badge.label, badge.severity], ["You are up to date!", "warning"]);
    assert.match(badge.hint ?? "", /^The install folder “setup <old>” is still there/);
    assert.match(renderBadge(new Renderer([]), badge).html, /upgate-badge__hint">The install folder “setup &lt;old&gt;” is still there/);
    assert.equal(badgeModel(state("failed"), "/install", english, "setup").severity, "danger");
    assert.equal(badgeModel(state("current"), "/install", english).hint, null);
  });

  it("comes as HTML and as the path of its partial", () => {
    const { html, partial } = renderBadge(new Renderer([]), badgeModel(state("behind"), "/install", english));
    assert.match(html, /class="upgate-badge upgate-badge--danger" href="\/install"/);
    assert.match(partial, /partials\/badge\.ejs$/);
  });
});
