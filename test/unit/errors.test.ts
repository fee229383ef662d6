import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { ERRORS, isUpgateError, messageOf, UpgateError, type UpgateErrorCode } from "../../src/core/errors.js";

/** A section's text on one line, whatever its line breaks, by its code. */
function sectionsOf(markdown: string): Map<string, string> {
  return new Map(
    markdown
      .split(/^(?=## )/m)
      .filter((section) => section.startsWith("## "))
      .map((section) => [
        /^## (.*)$/m.exec(section)?.[1] ?? "",
        section
          .replace(/^## .*$/m, "")
          .replace(/\s+/g, " ")
          .trim(),
      ]),
  );
}

const markdown = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
const sections = sectionsOf(markdown);
const codes = Object.keys(ERRORS) as UpgateErrorCode[];

describe("docs/errors.md", () => {
  test("has one section for each code, in the catalogue's order, and no other", () => {
    const headings = [...markdown.matchAll(/^## (.*)$/gm)].map((match) => match[1]);
    assert.deepEqual(headings, codes);
  });

  for (const code of codes)
    test(`${code}: title, when it comes, and remedy`, () => {
      const section = sections.get(code) ?? "";
      const { title, remedy } = ERRORS[code];
      assert.ok(section.startsWith(`**${title}.**`), `the section begins with **${title}.**`);
      assert.match(section, / When: .{40,} \*\*What to do:\*\* /);
      assert.ok(section.slice(section.indexOf("**What to do:**")).includes(remedy), `the section says: ${remedy}`);
    });
});

describe("the catalogue", () => {
  for (const [code, { title, remedy }] of Object.entries(ERRORS))
    test(`${code} reads well`, () => {
      assert.match(code, /^ERR_UPGATE_[A-Z]+(?:_[A-Z]+)*$/);
      assert.match(title, /^[A-Zu].*[^.]$/);
      assert.match(remedy, /^[A-Z].*\.$/);
    });
});

describe("an error", () => {
  test("has its code, the catalogue's remedy, and the cause", () => {
    const cause = new Error("ECONNREFUSED");
    const error = new UpgateError("ERR_UPGATE_DATABASE", "The database is away.", { cause });
    assert.deepEqual(
      [error.name, error.code, error.message, error.remedy, error.cause, error.problems],
      ["UpgateError", "ERR_UPGATE_DATABASE", "The database is away.", ERRORS.ERR_UPGATE_DATABASE.remedy, cause, []],
    );
    assert.ok(error instanceof Error);
  });

  test("takes a better remedy where the place knows one, and has no cause where there is none", () => {
    const error = new UpgateError("ERR_UPGATE_STATE", "Not now.", { remedy: "Wait." });
    assert.equal(error.remedy, "Wait.");
    assert.equal("cause" in error, false);
  });

  test("is told from others by its code", () => {
    const error = new UpgateError("ERR_UPGATE_STATE", "Not now.");
    assert.deepEqual(
      [
        isUpgateError(error),
        isUpgateError(error, "ERR_UPGATE_STATE"),
        isUpgateError(error, "ERR_UPGATE_DATABASE"),
        isUpgateError(new Error("x")),
      ],
      [true, true, false, false],
    );
  });

  test("whatever was thrown has a message", () => {
    assert.deepEqual([new Error("a"), "b", 7, null, undefined].map(messageOf), ["a", "b", "7", "null", "undefined"]);
  });
});
