import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AddedTemplate, findRenames, type RemovedTemplate } from "../../src/core/template-renames.js";
import { type EarlierStock, reviewTemplates, type TemplateFacts, type TemplateSums } from "../../src/core/template-review.js";

const sums = (hash: string, raw = hash): TemplateSums => ({ hash, raw });
const known = (hash: string): EarlierStock => ({ kind: "known", hash });
const ABSENT: EarlierStock = { kind: "absent" };
const UNKNOWN: EarlierStock = { kind: "unknown" };

interface Case {
  readonly says: string;
  /** Of the stock template `a.ejs` when the custom one was made, by release 1.0.0. */
  readonly earlier: EarlierStock;
  /** Null: there is none now. */
  readonly now: TemplateSums | null;
  readonly custom?: string;
  readonly releases?: Record<string, Record<string, string>>;
  readonly renames?: Record<string, string>;
  readonly verdict: string;
}

const CASES: readonly Case[] = [
  { says: "an unchanged one is silent", earlier: known("1"), now: sums("1"), verdict: "silent" },
  { says: "one with other line ends alone is silent", earlier: known("1"), now: sums("1", "2"), verdict: "silent" },
  { says: "one whose vendor recorded its bytes is silent", earlier: known("2"), now: sums("1", "2"), verdict: "silent" },
  { says: "a changed one is told", earlier: known("1"), now: sums("2"), verdict: "changed 1 → 2" },
  { says: "a removed one is told", earlier: known("1"), now: null, verdict: "removed 1 → null" },
  {
    says: "a renamed one with its new place",
    earlier: known("1"),
    now: null,
    renames: { "a.ejs": "b.ejs" },
    verdict: "renamed to b.ejs 1 → null",
  },
  { says: "an added one is told", earlier: ABSENT, now: sums("2"), verdict: "added null → 2" },
  { says: "one that overrides nothing is silent", earlier: ABSENT, now: null, verdict: "silent" },
  { says: "what is not known is told", earlier: UNKNOWN, now: sums("2"), verdict: "unknown null → 2" },
  { says: "what is not known and not there now is silent", earlier: UNKNOWN, now: null, verdict: "silent" },
  {
    says: "what was not known is looked up again",
    earlier: UNKNOWN,
    now: sums("2"),
    releases: { "1.0.0": { "a.ejs": "2" } },
    verdict: "silent",
  },
  { says: "… and may have changed", earlier: UNKNOWN, now: sums("2"), releases: { "1.0.0": { "a.ejs": "1" } }, verdict: "changed 1 → 2" },
  { says: "… or been added", earlier: UNKNOWN, now: sums("2"), releases: { "1.0.0": {} }, verdict: "added null → 2" },
  { says: "a name of every object is no template", earlier: UNKNOWN, now: null, releases: { "1.0.0": {} }, verdict: "silent" },
  { says: "one equal to the stock one now is not needed", earlier: known("1"), now: sums("9"), verdict: "redundant" },
  { says: "one equal to an added one is not needed", earlier: ABSENT, now: sums("9"), verdict: "redundant" },
  { says: "one equal to an unchanged one is silent", earlier: known("9"), now: sums("9"), verdict: "silent" },
  {
    says: "one moved to where the stock one has gone is silent",
    earlier: ABSENT,
    now: sums("1"),
    releases: { "1.0.0": { "old.ejs": "1" } },
    renames: { "old.ejs": "a.ejs" },
    verdict: "silent",
  },
  {
    says: "… and told of what else has changed there",
    earlier: ABSENT,
    now: sums("2"),
    releases: { "1.0.0": { "old.ejs": "1" } },
    renames: { "old.ejs": "a.ejs" },
    verdict: "changed 1 → 2",
  },
];

function factsOf({ earlier, now, custom = "9", releases = {}, renames = {} }: Case): TemplateFacts {
  return {
    version: "1.1.0",
    stock: new Map(now === null ? [] : [["a.ejs", now]]),
    custom: [
      {
        template: { id: "id", name: "theme/a.ejs", path: "a.ejs", ...sums(custom) },
        base: { version: "1.0.0", stock: earlier, reviewedAt: null },
      },
    ],
    releases: new Map(Object.entries(releases)),
    renames: new Map([["1.0.0", new Map(Object.entries(renames))]]),
    skipped: [],
  };
}

function verdictOf(facts: TemplateFacts): string {
  const { templates, redundant } = reviewTemplates(facts);
  if (redundant.length > 0) return "redundant";
  const [found] = templates;
  if (!found) return "silent";
  const { condition, renamedTo, earlier, now } = found;
  return `${condition}${renamedTo === null ? "" : ` to ${renamedTo}`} ${earlier} → ${now}`;
}

describe("the template review", () => {
  for (const one of CASES) test(one.says, () => assert.equal(verdictOf(factsOf(one)), one.verdict));

  test("asks nobody about a path that only every object has", () => {
    const facts = factsOf({ says: "", earlier: UNKNOWN, now: sums("2"), releases: { "1.0.0": {} }, verdict: "" });
    const [custom] = facts.custom;
    assert.ok(custom);
    const odd = { ...custom, template: { ...custom.template, path: "constructor" } };
    assert.equal(verdictOf({ ...facts, custom: [odd], stock: new Map([["constructor", sums("2")]]) }), "added null → 2");
  });

  test("lists by name and counts what overrides something", () => {
    const facts = factsOf({ says: "", earlier: known("1"), now: sums("2"), verdict: "" });
    const [custom] = facts.custom;
    assert.ok(custom);
    const named = (name: string): typeof custom => ({ ...custom, template: { ...custom.template, id: name, name } });
    const own = { ...custom, template: { ...custom.template, path: "own.ejs" }, base: { ...custom.base, stock: ABSENT } };
    const review = reviewTemplates({ ...facts, custom: [named("b"), named("a"), own] });
    assert.deepEqual(
      review.templates.map(({ name }) => name),
      ["a", "b"],
    );
    assert.equal(review.overriding, 2);
  });
});

const TEXT = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"].join("\n");
const removed = (path: string, hash: string, text: string | null = null): RemovedTemplate => ({ path, hash, text });
const added = (path: string, hash: string, text: string | null = null): AddedTemplate => ({ path, hash, raw: hash, text });

describe("renamed templates", () => {
  const renames: readonly [says: string, RemovedTemplate[], AddedTemplate[], Record<string, string>][] = [
    ["the same content is the same template", [removed("a", "1")], [added("b", "1")], { a: "b" }],
    ["of several the one with the same file name", [removed("x/a", "1")], [added("b", "1"), added("y/a", "1")], { "x/a": "y/a" }],
    ["each new place is taken once", [removed("a", "1"), removed("b", "1")], [added("c", "1")], { a: "c" }],
    ["most of the lines are enough", [removed("a", "1", TEXT)], [added("b", "2", TEXT.replace("ten", "11"))], { a: "b" }],
    ["few lines in common are not", [removed("a", "1", TEXT)], [added("b", "2", TEXT.replace(/^(?:t|f|s).*$/gm, "x"))], {}],
    [
      "the most alike wins",
      [removed("a", "1", TEXT)],
      [added("b", "2", TEXT.replace("one", "1").replace("two", "2")), added("c", "3", TEXT.replace("one", "1"))],
      { a: "c" },
    ],
    ["what is no text is compared by its content only", [removed("a", "1")], [added("b", "2")], {}],
    ["two short ones are not alike by chance", [removed("a", "1", "<p>\n</p>")], [added("b", "2", "<p>\n</p>\n")], {}],
  ];
  for (const [says, gone, come, expected] of renames)
    test(says, () => assert.deepEqual(Object.fromEntries(findRenames(gone, come)), expected));

  test("neither the order of the lines nor their indentation counts", () => {
    const shuffled = TEXT.split("\n").toReversed().join("\n\n    ");
    assert.deepEqual([...findRenames([removed("a", "1", TEXT)], [added("b", "2", shuffled)])], [["a", "b"]]);
    assert.deepEqual([...findRenames([removed("a", "1", "x\n".repeat(10))], [added("b", "2", TEXT)])], []);
  });
});
