import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { adviceOf, type OfferFacts } from "../../src/core/feed-offer.js";
import { compareVersions } from "../../src/core/version.js";
import { readFeed, release } from "../support/feeds.js";

const HERE: OfferFacts = {
  codeVersion: "8.6.1",
  channel: "stable",
  nodeVersion: "20.19.5",
  database: { product: "mariadb", version: "10.11.19" },
  today: "2026-11-23",
};

/** `8.7.0`, or `8.7.0 → 9.0.0` where it is a stop on the way. */
function offered(releases: readonly object[], facts: Partial<OfferFacts> = {}): string | null {
  const { update } = adviceOf(readFeed(...releases), { ...HERE, ...facts });
  return update && (update.onTheWayTo === null ? update.version : `${update.version} → ${update.onTheWayTo}`);
}

describe("what is offered to 8.6.1", () => {
  const rc = release("9.0.0-rc.1", { channel: "rc" });
  const beta = release("9.1.0-beta.2", { channel: "beta" });
  const table: [what: string, releases: readonly object[], offer: string | null, facts?: Partial<OfferFacts>][] = [
    ["nothing of an empty feed", [], null],
    ["nothing when it is the newest", [release("8.6.1"), release("8.6.0")], null],
    ["no downgrade", [release("8.6.0"), release("8.5.9")], null],
    ["the newest, in whatever order they stand", [release("8.7.0"), release("9.0.0"), release("8.6.2")], "9.0.0"],
    ["the one before a newest that was withdrawn", [release("8.7.0"), release("9.0.0", { withdrawn: true })], "8.7.0"],
    ["the last of its prerelease", [release("8.6.1")], "8.6.1", { codeVersion: "8.6.1-rc.1", channel: "rc" }],
    ["a release candidate to stable", [rc, beta], null],
    ["a release candidate to rc", [rc, beta], "9.0.0-rc.1", { channel: "rc" }],
    ["a beta to beta", [rc, beta, release("8.7.0")], "9.1.0-beta.2", { channel: "beta" }],
    ["what is stable to beta, where it is newer", [rc, release("9.2.0")], "9.2.0", { channel: "beta" }],
    ["its series only", [release("8.6.2"), release("8.7.0"), release("9.0.0")], "8.6.2", { channel: "series" }],
    ["what the Node.js here can run", [release("8.7.0"), release("9.0.0", { node: ">=22" })], "8.7.0"],
    ["what the MariaDB here can carry", [release("8.7.0"), release("9.0.0", { mariadb: ">=11" })], "8.7.0"],
    ["what needs another product's newest", [release("9.0.0", { mysql: ">=99", sqlite: ">=99" })], "9.0.0"],
    ["all of it where the server can't be asked", [release("9.0.0", { mariadb: ">=11" })], "9.0.0", { database: null }],
    ["the stop that must not be skipped", [release("8.7.0"), release("9.0.0", { requiredStops: ["8.7.0"] })], "8.7.0 → 9.0.0"],
    [
      "a later release than the stop, too",
      [release("8.7.0"), release("8.7.3"), release("9.0.0", { requiredStops: ["8.7.0"] })],
      "8.7.3 → 9.0.0",
    ],
    ["no stop that is behind", [release("9.0.0", { requiredStops: ["8.6.1", "8.0.0"] })], "9.0.0"],
    ["no stop that lies beyond it", [release("9.0.0", { requiredStops: ["9.1.0"] })], "9.0.0"],
    [
      "the first of two stops",
      [release("8.7.0"), release("9.0.0", { requiredStops: ["8.7.0"] }), release("10.0.0", { requiredStops: ["8.7.0", "9.0.0"] })],
      "8.7.0 → 10.0.0",
    ],
    [
      "the release that the newest upgrades",
      [release("8.7.0"), release("8.8.0"), release("9.0.0", { upgradeFrom: "8.7.x" })],
      "8.7.0 → 9.0.0",
    ],
    ["what can be reached, where the stop is not listed", [release("8.6.2"), release("9.0.0", { requiredStops: ["8.7.0"] })], "8.6.2"],
    [
      "what can be reached, where the stop was withdrawn",
      [release("8.7.0", { withdrawn: true }), release("9.0.0", { requiredStops: ["8.7.0"] })],
      null,
    ],
    ["no stop that the Node.js here can't run", [release("8.7.0", { node: ">=22" }), release("9.0.0", { requiredStops: ["8.7.0"] })], null],
    ["one whose range takes prereleases in", [release("9.0.0", { upgradeFrom: ">=8.0.0" })], "9.0.0", { codeVersion: "8.6.1-release.1" }],
  ];
  for (const [what, releases, offer, facts] of table) test(what, () => assert.equal(offered(releases, facts), offer));

  test("with what is known of it", () => {
    const links = { title: "Winter", notesUrl: "https://vendor.example/n", downloadUrl: "https://vendor.example/d" };
    const { update } = adviceOf(readFeed(release("8.7.0", links)), HERE);
    assert.deepEqual(update, { version: "8.7.0", onTheWayTo: null, security: false, publishedAt: "2026-11-01", ...links });
  });
});

describe("a security release is told", () => {
  const security = (...releases: object[]): boolean | undefined => adviceOf(readFeed(...releases), HERE).update?.security;
  test("when it is offered", () => assert.equal(security(release("8.7.0", { security: true })), true));
  test("when a later one takes it in", () => assert.equal(security(release("8.6.2", { security: true }), release("8.7.0")), true));
  test("not when it is older than what is installed", () =>
    assert.equal(security(release("8.6.0", { security: true }), release("8.7.0")), false));
  test("also when it can't be installed here", () => {
    const { withheld, update } = adviceOf(readFeed(release("8.7.0"), release("9.0.0", { security: true, node: ">=22" })), HERE);
    assert.deepEqual([update?.security, withheld?.security], [false, true]);
  });
});

describe("why the newest is not offered", () => {
  const table: [what: string, releases: object[], version: string, obstacles: object[]][] = [
    ["Node.js", [release("9.0.0", { node: ">=22" })], "9.0.0", [{ kind: "node", needs: ">=22", has: "20.19.5" }]],
    [
      "Node.js and the server",
      [release("8.7.0"), release("9.0.0", { node: ">=22", mariadb: ">=11" })],
      "9.0.0",
      [
        { kind: "node", needs: ">=22", has: "20.19.5" },
        { kind: "database", product: "mariadb", needs: ">=11", has: "10.11.19" },
      ],
    ],
    ["a stop", [release("9.0.0", { requiredStops: ["8.7.0"] })], "9.0.0", [{ kind: "stop", version: "8.7.0" }]],
    ["where it may be installed on", [release("9.0.0", { upgradeFrom: ">=8.7" })], "9.0.0", [{ kind: "from", needs: ">=8.7" }]],
  ];
  for (const [what, releases, version, obstacles] of table)
    test(what, () => {
      const { withheld } = adviceOf(readFeed(...releases), HERE);
      assert.deepEqual([withheld?.version, withheld?.obstacles], [version, obstacles]);
    });
  test("nothing, when it is", () => assert.equal(adviceOf(readFeed(release("9.0.0")), HERE).withheld, null));
});

describe("the end of support", () => {
  const end = (...releases: object[]): unknown => adviceOf(readFeed(...releases), HERE).endOfSupport;
  test("of the installed series", () =>
    assert.deepEqual(end(release("8.6.1", { endOfSupport: "2026-12-23" }), release("9.0.0", { endOfSupport: "2030-01-01" })), {
      date: "2026-12-23",
      daysLeft: 30,
    }));
  test("as its newest release has it", () =>
    assert.deepEqual(end(release("8.6.0", { endOfSupport: "2026-01-01" }), release("8.6.9", { endOfSupport: "2026-11-22" })), {
      date: "2026-11-22",
      daysLeft: -1,
    }));
  test("is not known where nobody tells it", () =>
    assert.equal(end(release("8.6.1"), release("8.5.0", { endOfSupport: "2026-01-01" })), null));
});

test("that the installed release was withdrawn, is told", () => {
  assert.equal(adviceOf(readFeed(release("8.6.1", { withdrawn: true })), HERE).withdrawn, true);
  assert.equal(adviceOf(readFeed(release("8.6.0", { withdrawn: true })), HERE).withdrawn, false);
});

test("of a thousand hostile releases the choice is made in a moment", () => {
  const releases = Array.from({ length: 1000 }, (_, index) =>
    release(`9.${index}.0`, {
      upgradeFrom: Array.from({ length: 20 }, () => "<0").join("||"),
      requiredStops: Array.from({ length: 20 }, () => "9.0.0"),
    }),
  );
  const feed = readFeed(release("8.7.0"), ...releases.slice(1));
  const startMs = performance.now();
  assert.equal(adviceOf(feed, HERE).update?.version, "8.7.0");
  assert.ok(performance.now() - startMs < 1500, `${performance.now() - startMs} ms`);
});

test("whatever the feed holds, an offer is newer, listed, not withdrawn, and can be reached", () => {
  const version = fc
    .tuple(fc.integer({ min: 7, max: 10 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 }))
    .map((parts) => parts.join("."));
  const anyRelease = fc.record({
    version,
    withdrawn: fc.boolean(),
    channel: fc.constantFrom("stable", "rc", "beta"),
    requiredStops: fc.array(version, { maxLength: 3 }),
    upgradeFrom: fc.option(
      version.map((from) => `>=${from}`),
      { nil: null },
    ),
    node: fc.constantFrom(null, ">=20", ">=22"),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(anyRelease, { selector: (one) => one.version, maxLength: 12 }),
      fc.constantFrom("stable", "series", "rc", "beta"),
      (releases, channel) => {
        const feed = readFeed(...releases.map((one) => release(one.version, one)));
        const { update } = adviceOf(feed, { ...HERE, channel });
        if (update === null) return;
        const found = feed.releases.find((one) => one.version === update.version);
        assert.ok(found && !found.withdrawn && found.node !== ">=22");
        assert.ok(compareVersions(found.version, HERE.codeVersion) > 0);
        for (const stop of found.requiredStops)
          assert.ok(compareVersions(stop, HERE.codeVersion) <= 0 || compareVersions(stop, found.version) >= 0, `${stop} is skipped`);
        if (found.upgradeFrom !== null) assert.ok(compareVersions(found.upgradeFrom.slice(2), HERE.codeVersion) <= 0);
        if (channel === "stable" || channel === "series") assert.equal(found.channel, "stable");
        if (channel === "series") assert.match(found.version, /^8\.6\./);
      },
    ),
    { numRuns: 1000 },
  );
});
