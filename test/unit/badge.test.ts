import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AvailableUpdate } from "../../src/core/feed-offer.js";
import type { VersionState, VersionStateKind } from "../../src/core/version-state.js";
import type { FeedNews } from "../../src/upgrade/feed/feed-news.js";
import { badgeModel, renderBadge } from "../../src/web/badge.js";
import { Renderer } from "../../src/web/render.js";
import { Texts } from "../../src/web/texts/texts.js";
import type { BadgeModel } from "../../src/web/view-models.js";

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
    const badge = badgeModel(state("current"), "/install", english, { installFolder: "setup <old>" });
    assert.deepEqual([badge.label, badge.severity], ["You are up to date!", "warning"]);
    assert.match(badge.hint ?? "", /^The install folder “setup <old>” is still there/);
    assert.match(renderBadge(new Renderer([]), badge).html, /upgate-badge__hint">The install folder “setup &lt;old&gt;” is still there/);
    assert.equal(badgeModel(state("failed"), "/install", english, { installFolder: "setup" }).severity, "danger");
    assert.equal(badgeModel(state("current"), "/install", english).hint, null);
  });

  const update = {
    version: "8.7.0",
    onTheWayTo: null,
    security: false,
    title: null,
    publishedAt: "2026-11-01",
    notesUrl: "https://vendor.example/n",
    downloadUrl: "https://vendor.example/d",
  };
  const badgeWith = (
    offer: Partial<AvailableUpdate> | null,
    more: Partial<FeedNews> = {},
    at: VersionState = state("current"),
  ): BadgeModel =>
    badgeModel(at, "/install", english, {
      news: {
        advice: { update: offer && { ...update, ...offer }, withheld: null, endOfSupport: null, withdrawn: false },
        issuedAt: null,
        expiresAt: null,
        isExpired: false,
        isSigned: true,
        takenAt: null,
        triedAt: null,
        error: null,
        isStale: false,
        ...more,
      },
    });

  it("tells of a newer release, and leads to its notes, else to its files", () => {
    const badge = badgeWith({});
    assert.deepEqual(
      [badge.label, badge.severity, badge.href, badge.hint],
      ["Update available: 8.7.0", "info", "https://vendor.example/n", null],
    );
    assert.equal(badge.update?.version, "8.7.0");
    assert.equal(badgeWith({ notesUrl: null }).href, "https://vendor.example/d");
    assert.equal(badgeWith({ notesUrl: null, downloadUrl: null }).href, null);
  });

  it("says where a stop leads", () =>
    assert.equal(badgeWith({ onTheWayTo: "9.0.0" }).label, "Update available: 8.7.0 (on the way to 9.0.0)"));

  it("warns of a release that closes a security hole", () => {
    const badge = badgeWith({ security: true });
    assert.deepEqual([badge.severity, badge.hint], ["warning", "It closes a security hole."]);
  });

  it("stays up to date without a newer one, and while the list fails for a short time only", () => {
    for (const badge of [badgeWith(null), badgeWith(null, { advice: null, error: "Its server answered 500." })])
      assert.deepEqual([badge.label, badge.severity, badge.update], ["You are up to date!", "ok", null]);
  });

  it("says that the check failed when the list can't be read for long", () => {
    const badge = badgeWith(null, { isStale: true });
    assert.deepEqual(
      [badge.label, badge.severity, badge.hint],
      ["Check failed", "warning", "Whether there is a newer release can’t be told."],
    );
    assert.equal(badgeWith({}, { isStale: true }).label, "Update available: 8.7.0");
  });

  it("speaks of the next release only when there is nothing else to do", () => {
    assert.equal(badgeWith({}, {}, state("behind")).label, "Upgrade required");
    assert.equal(badgeWith({}, {}, state("current", { filesVersion: "8.7.0" })).label, "Restart to begin the upgrade to 8.7.0");
  });

  it("prints nothing of the list as markup", () => {
    const { html } = renderBadge(new Renderer([]), badgeWith({ notesUrl: 'https://vendor.example/"><script>' }));
    assert.doesNotMatch(html, /<script>/);
  });

  it("comes as HTML and as the path of its partial", () => {
    const { html, partial } = renderBadge(new Renderer([]), badgeModel(state("behind"), "/install", english));
    assert.match(html, /class="upgate-badge upgate-badge--danger" href="\/install"/);
    assert.match(partial, /partials\/badge\.ejs$/);
  });
});
