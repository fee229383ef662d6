import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { CHECK_IDS } from "../../src/core/check-ids.js";
import { checkHelp } from "../../src/web/check-help.js";

describe("docs/checks.md", () => {
  const markdown = readFileSync(new URL("../../docs/checks.md", import.meta.url), "utf8");

  test("has one line for each of upgate's own checks, and no other", () => {
    const told = [...markdown.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1] as string);
    assert.deepEqual(told.toSorted(), [...CHECK_IDS].toSorted());
  });

  test("has a section for each, which System Health shows as help", () => {
    for (const id of CHECK_IDS) assert.match(checkHelp(id) ?? "", /^<p>[^]{60,}/, id);
    for (const other of ["queue", "constructor", "../security", ""]) assert.equal(checkHelp(other), null, other);
  });

  test("links from there to nothing but other checks", () => {
    const links = CHECK_IDS.flatMap((id) => [...(checkHelp(id) ?? "").matchAll(/href="([^"]*)"/g)].map((match) => match[1] as string));
    assert.ok(links.length > 0);
    for (const link of links) assert.match(link, /^\?help=[a-z-]+$/);
  });
});
