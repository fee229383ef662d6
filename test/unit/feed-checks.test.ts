import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Check } from "../../src/core/check.js";
import { adviceOf } from "../../src/core/feed-offer.js";
import { supportCheck, updatesCheck } from "../../src/upgrade/feed/feed-checks.js";
import type { FeedNews } from "../../src/upgrade/feed/feed-news.js";
import { readFeed, release } from "../support/feeds.js";

const HERE = {
  codeVersion: "8.6.1",
  channel: "stable",
  nodeVersion: "20.19.5",
  database: { product: "mariadb", version: "10.11.19" },
  today: "2026-11-23",
} as const;

const news = (releases: readonly object[] | null, more: Partial<FeedNews> = {}): FeedNews => ({
  advice: releases && adviceOf(readFeed(...releases), HERE),
  issuedAt: null,
  expiresAt: null,
  isExpired: false,
  isSigned: true,
  takenAt: "2026-11-23T08:30:00.000Z",
  triedAt: null,
  error: null,
  isStale: false,
  ...more,
});

const EXPIRED = { isExpired: true, expiresAt: "2026-11-01T00:00:00Z" };
const FAILED = { error: "Its server answered 500." };

describe("the check of updates", () => {
  const table: [what: string, news: FeedNews, severity: Check["severity"], message: RegExp, remedy: RegExp | null][] = [
    ["none", news([]), "ok", /^There is no newer release\. Your vendor's list was last read on 2026-11-23 08:30 UTC\.$/, null],
    ["one", news([release("8.7.0")]), "info", /^Release 8\.7\.0 is available\. Your/, /^Get the files of release 8\.7\.0 from your vendor/],
    [
      "where its files are",
      news([release("8.7.0", { downloadUrl: "https://vendor.example/8.7.0.zip" })]),
      "info",
      /available/,
      /from https:\/\/vendor\.example\/8\.7\.0\.zip, then upload them\.$/,
    ],
    [
      "a stop",
      news([release("8.7.0"), release("9.0.0", { requiredStops: ["8.7.0"] })]),
      "info",
      /8\.7\.0 is available, on the way to 9\.0\.0\./,
      /8\.7\.0/,
    ],
    ["security", news([release("8.7.0", { security: true })]), "warning", /is available\. It closes a security hole\./, /8\.7\.0/],
    [
      "another Node.js",
      news([release("9.0.0", { node: ">=22" })]),
      "info",
      /^Release 9\.0\.0 can't be installed here yet\. It needs Node\.js >=22, and this is 20\.19\.5\./,
      /^Make the server ready for release 9\.0\.0/,
    ],
    [
      "another server",
      news([release("9.0.0", { mariadb: ">=11" })]),
      "info",
      /It needs MariaDB >=11, and the server is 10\.11\.19\./,
      /ready/,
    ],
    [
      "security that can't be had",
      news([release("8.7.0"), release("9.0.0", { node: ">=22", security: true })]),
      "warning",
      /8\.7\.0 is available\. Release 9\.0\.0 can't be .* It, or one before it, closes a security hole\./,
      /8\.7\.0/,
    ],
    [
      "a stop that is missing",
      news([release("9.0.0", { requiredStops: ["8.7.0"] })]),
      "info",
      /leads over release 8\.7\.0, which is not offered/,
      /ask your vendor/,
    ],
    ["no way", news([release("9.0.0", { upgradeFrom: ">=8.7" })]), "info", /It upgrades releases >=8\.7 only/, /ask your vendor/],
    ["one failure", news([], FAILED), "ok", /no newer release\..* could not be read the last time\. Its server answered 500\.$/, null],
    ["many", news([], { ...FAILED, isStale: true }), "warning", /could not be read for a long time\. Its/, /Ask your vendor whether/],
    [
      "a list that is over",
      news([], EXPIRED),
      "warning",
      /meant to be replaced by 2026-11-01 00:00 UTC: somebody may hold newer ones back/,
      /Ask your vendor/,
    ],
    ["no list yet", news(null, { takenAt: null }), "info", /^Whether there is a newer release is not known yet\.$/, null],
    [
      "no list, and why",
      news(null, { takenAt: null, ...FAILED }),
      "info",
      /not known yet\. It could not be read the last time\. Its/,
      /upgate feed/,
    ],
  ];
  for (const [what, given, severity, message, remedy] of table)
    test(what, () => {
      const check = updatesCheck(given);
      assert.equal(check.severity, severity);
      assert.match(check.message, message);
      if (remedy === null) assert.equal(check.remedy, null);
      else assert.match(check.remedy ?? "", remedy);
    });
});

describe("the check of support", () => {
  const table: [what: string, releases: readonly object[] | null, severity: Check["severity"], message: RegExp][] = [
    ["no list", null, "ok", /^No end of support is known for release 8\.6\.1\.$/],
    ["none told", [release("8.6.1")], "ok", /^No end of support is known/],
    ["far", [release("8.6.1", { endOfSupport: "2027-11-30" })], "ok", /ends on 2027-11-30\./],
    ["in 90 days", [release("8.6.1", { endOfSupport: "2027-02-21" })], "info", /ends on 2027-02-21\./],
    ["today", [release("8.6.1", { endOfSupport: "2026-11-23" })], "info", /ends on 2026-11-23\./],
    ["over", [release("8.6.1", { endOfSupport: "2026-11-22" })], "warning", /ended on 2026-11-22\./],
    ["withdrawn", [release("8.6.1", { withdrawn: true })], "warning", /^Release 8\.6\.1 was withdrawn by your vendor\.$/],
  ];
  for (const [what, releases, severity, message] of table)
    test(what, () => {
      const check = supportCheck(news(releases), "8.6.1");
      assert.equal(check.severity, severity);
      assert.match(check.message, message);
      assert.equal(check.remedy === null, severity === "ok");
    });
});
