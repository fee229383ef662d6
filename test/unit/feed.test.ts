import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { adviceOf } from "../../src/core/feed-offer.js";
import { MOST_RELEASES, parseFeed } from "../../src/core/feed.js";
import { feedDocument, release } from "../support/feeds.js";

const WHOLE = release("8.7.0", {
  title: "Winter",
  notesUrl: "https://vendor.example/8.7.0",
  downloadUrl: "https://vendor.example/8.7.0.zip",
  security: true,
  node: ">=20.19",
  mariadb: ">=10.6",
  mysql: ">=8",
  sqlite: ">=3.40",
  upgradeFrom: ">=8.5.0",
  requiredStops: ["8.6.0"],
  endOfSupport: "2028-02-29",
  withdrawn: false,
});

const problemOf = (document: unknown): string => {
  const reading = parseFeed(document);
  return reading.kind === "invalid" ? reading.problem : "";
};

describe("a feed is read", () => {
  test("with every member", () => {
    const reading = parseFeed(feedDocument([WHOLE], { expiresAt: "2026-12-20T12:00:00.000Z" }));
    assert.ok(reading.kind === "read");
    assert.deepEqual(reading.feed.releases, [WHOLE]);
    assert.deepEqual([reading.feed.product, reading.feed.expiresAt], ["Shop", "2026-12-20T12:00:00.000Z"]);
  });

  test("with none that may be left out, and without what a later schema adds", () => {
    const reading = parseFeed(feedDocument([release("8.7.0", { mood: "fine", title: null })], { signature: {}, mood: "fine" }));
    assert.ok(reading.kind === "read");
    assert.deepEqual(Object.keys(reading.feed), ["product", "issuedAt", "expiresAt", "releases"]);
    const [first] = reading.feed.releases;
    assert.deepEqual(Object.keys(first ?? {}).toSorted(), Object.keys(WHOLE).toSorted());
    assert.deepEqual([first?.title, first?.security, first?.requiredStops], [null, false, []]);
  });

  test("with no release at all", () => assert.equal(parseFeed(feedDocument([])).kind, "read"));
  test(`with ${MOST_RELEASES} releases`, () => {
    const many = Array.from({ length: MOST_RELEASES }, (_, index) => release(`8.${index}.0`));
    assert.equal(parseFeed(feedDocument(many)).kind, "read");
  });
});

describe("the feed of", () => {
  const text = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

  test("docs/feed.md is one", () => {
    const [, example = ""] = /```json\n([^]*?)\n```/.exec(text("docs/feed.md")) ?? [];
    assert.equal(problemOf(JSON.parse(example)), "");
    assert.match(example, /"signature"/);
  });

  test("the reference application offers the next stop", () => {
    const reading = parseFeed(JSON.parse(text("demo/releases.json")));
    assert.ok(reading.kind === "read");
    const facts = { codeVersion: "8.6.1", channel: "stable", nodeVersion: "20.19.0", database: null, today: "2026-11-23" } as const;
    const { update } = adviceOf(reading.feed, facts);
    assert.deepEqual([update?.version, update?.onTheWayTo, update?.security], ["8.7.0", "9.0.0", true]);
  });
});

describe("a feed is refused, by the place", () => {
  const documents: [what: string, document: unknown, problem: RegExp][] = [
    ["no object", "<html>", /^the document must be an object/],
    ["nothing", null, /^the document must be an object/],
    ["a list", [], /^the document must be an object/],
    ["another format", { ...feedDocument([]), format: 2 }, /^format must be 1/],
    ["no product", feedDocument([], { product: undefined }), /^product is missing/],
    ["a time that is none", feedDocument([], { issuedAt: "yesterday" }), /^issuedAt must be a time such as/],
    ["a time of no zone", feedDocument([], { issuedAt: "2026-11-20T12:00:00" }), /^issuedAt must be a time/],
    ["30 February", feedDocument([], { issuedAt: "2026-02-30T12:00:00Z" }), /^issuedAt must be a time/],
    ["releases that are none", feedDocument([], { releases: {} }), /^releases must be an array of 1000 at most/],
    ["too many", feedDocument(Array.from({ length: 1001 }, (_, index) => release(`8.${index}.0`))), /^releases must be an array of 1000/],
    ["a release that is none", feedDocument([release("8.7.0"), null as never]), /^releases\[1\] must be an object/],
    ["the same release twice", feedDocument([release("8.7.0"), release("8.7.0")]), /^releases\[1\]\.version is there twice: 8\.7\.0/],
  ];
  for (const [what, document, problem] of documents) test(what, () => assert.match(problemOf(document), problem));

  const members: [member: string, value: unknown, problem: RegExp][] = [
    ["version", "8.7", /version must be a version such as "8\.6\.1"/],
    ["version", "v8.7.0", /version must be a version/],
    ["version", "8.7.0+build", /version must be a version/],
    ["version", `8.7.0-${"a".repeat(60)}`, /version must be a version/],
    ["version", undefined, /version is missing/],
    ["channel", "series", /channel must be "stable", "rc" or "beta"/],
    ["publishedAt", "2026-11-31", /publishedAt must be a day/],
    ["title", "", /title must be a text/],
    ["title", "a\nb", /title must be a text/],
    ["title", "\u202Egnp.exe", /title must be a text/],
    ["title", "\uD800", /title must be a text/],
    ["title", "a".repeat(201), /title must be a text of 1 to 200 characters/],
    ["title", { toString: "x" }, /title must be a text/],
    ["notesUrl", "http://vendor.example/", /notesUrl must be an https address/],
    ["notesUrl", "javascript:alert(1)", /notesUrl must be an https address/],
    ["downloadUrl", "https://me:secret@vendor.example/", /downloadUrl must be an https address/],
    ["downloadUrl", `https://vendor.example/${"a".repeat(500)}`, /downloadUrl must be an https address/],
    ["security", "yes", /security must be true or false/],
    ["node", "the latest", /node must be a semver range of 100 characters at most/],
    ["mariadb", `>=1${" || >=1".repeat(20)}`, /mariadb must be a semver range of 100/],
    ["requiredStops", "8.6.0", /requiredStops must be an array of 20 versions/],
    ["requiredStops", ["8.6"], /requiredStops must be an array of 20 versions/],
    ["requiredStops", Array.from({ length: 21 }, () => "8.6.0"), /requiredStops must be an array of 20 versions/],
    ["endOfSupport", "2026-11-01T00:00:00Z", /endOfSupport must be a day/],
    ["withdrawn", 1, /withdrawn must be true or false/],
  ];
  for (const [member, value, problem] of members)
    test(`${member}: ${JSON.stringify(value)?.slice(0, 40)}`, () => {
      assert.match(problemOf(feedDocument([release("8.6.0"), release("8.7.0", { [member]: value })])), problem);
      assert.match(problemOf(feedDocument([release("8.7.0", { [member]: value })])), /^releases\[0\]\./);
    });
});

test("no document makes the reading throw or last, whatever it holds", () => {
  const hostile = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom("8.7.0", "__proto__", ">=8 <9", "https://vendor.example/", "2026-11-20", 1e308, -0, "", "\0"),
  );
  const anyRelease = fc.record(
    Object.fromEntries(Object.entries(WHOLE).map(([name, good]) => [name, fc.oneof(fc.constant(good), hostile)])),
    {
      requiredKeys: [],
    },
  );
  const anyFeed = fc.record({
    releases: fc.oneof(fc.array(anyRelease, { maxLength: 5 }), hostile),
    issuedAt: fc.oneof(fc.constant("2026-11-20T12:00:00Z"), hostile),
  });
  const facts = { codeVersion: "8.6.1", channel: "beta", nodeVersion: "20.19.0", database: null, today: "2026-11-23" } as const;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        anyFeed.map((feed) => feedDocument([], feed)),
      ),
      (document) => {
        const reading = parseFeed(JSON.parse(JSON.stringify(document)));
        if (reading.kind === "read") adviceOf(reading.feed, facts);
        else assert.ok(reading.problem.length < 300, reading.problem);
      },
    ),
    { numRuns: 2000 },
  );
});
