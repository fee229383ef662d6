import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { CHECK_IDS } from "../../src/core/check-ids.js";

describe("docs/checks.md", () => {
  const markdown = readFileSync(new URL("../../docs/checks.md", import.meta.url), "utf8");

  test("has one line for each of upgate's own checks, and no other", () => {
    const told = [...markdown.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1] as string);
    assert.deepEqual(told.toSorted(), [...CHECK_IDS].toSorted());
  });
});
