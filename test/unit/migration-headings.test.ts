import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { migrationHeading, readMigrationHeading } from "../../src/release/migration-headings.js";
import { tempFolder } from "./support/temp-folder.js";

describe("a migration's title is read from its text", () => {
  const table: readonly (readonly [what: string, source: string, title: string | null])[] = [
    ["ESM", `export const title = "Add tax";\nexport const up = () => {};`, "Add tax"],
    ["single quotes, no semicolon", `export let title = 'Add tax'\nexport async function up(knex) {}`, "Add tax"],
    ["a template without substitutions", "export var title = `Add\n  tax`", "Add tax"],
    ["TypeScript", `export const title: string = "Add tax" as const;`, "Add tax"],
    ["satisfies", `export const title = "Add tax" satisfies string;`, "Add tax"],
    ["CommonJS", `"use strict";\nexports.title = 'Add tax';\nexports.up = function (knex) { return knex; };`, "Add tax"],
    ["module.exports", `module.exports.title = "Add tax"`, "Add tax"],
    ["below the functions", `export async function up(k) { if (k) { return /}/.test("}"); } }\nexport const title = "Add tax";`, "Add tax"],
    [
      "behind a shebang and comments",
      `#!/usr/bin/env node "\n/* export const title = "no" */ // title\nexport const title = "Add tax"`,
      "Add tax",
    ],
    [
      "escapes",
      String.raw`export const title = "A\u0301 \x41 \u{1f600} \"q\" \n\
b \\";`,
      'A\u0301 A 😀 "q" b \\',
    ],
    ["only spaces", `export const title = " ";`, null],
    ["a comment", `// export const title = "no";`, null],
    ["a text", `const a = 'export const title = "no"';`, null],
    ["a template", 'const a = `\nexport const title = "no"\n`;', null],
    ["a regular expression", `const a = /"/; export const title = "Add tax";`, "Add tax"],
    ["a division", `const a = b / 2; const c = "/"; export const title = "Add tax";`, "Add tax"],
    ["a substitution", "export const title = `Add ${tax}`;", null],
    ["a substitution with a template in it", 'const a = `x ${f(`}` + "`")} export`; export const title = "Add tax";', "Add tax"],
    ["a sum", `export const title = "Add " + tax;`, null],
    ["a call", `export const title = "Add".trim();`, null],
    ["a tagged template", "export const title = String.raw`x`;", null],
    ["a number", `export const title = 5;`, null],
    ["no value", `export let title;`, null],
    ["inside a function", `export function up() { exports.title = "no"; }`, null],
    ["not exported", `const title = "no";`, null],
    ["another object's", `other.exports.title = "no"; a.module.exports.title = "no";`, null],
    ["read only", `exports.up = exports.title;`, null],
    ["a name that begins so", `export const titles = "no"; export const subtitle = "no";`, null],
    ["a text that does not end", `export const title = "Add`, null],
    ["markup, as it is", `export const title = "<b>Add</b>";`, "<b>Add</b>"],
    ["control characters and marks of direction", String.raw`export const title = "a\u001b[31mb\u202ec";`, "a [31mb c"],
    ["nothing", "", null],
    ["what is no JavaScript", `title )]} \\ ' " export const title = `, null],
  ];
  for (const [what, source, title] of table) test(what, () => assert.equal(migrationHeading(source).title, title));

  for (const text of ["=/[", "${`", "'", '"\\', "{", "/*", "`${"])
    test(`quickly, whatever there is: ${text}`, () => {
      assert.deepEqual(migrationHeading(`title ${text.repeat(30_000)}`), { title: null, description: null });
    });

  test("with the description, both bounded", () => {
    const { title, description } = migrationHeading(
      `export const title = "${"t".repeat(200)}"; export const description = "${"d ".repeat(400)}";`,
    );
    assert.equal(title, `${"t".repeat(119)}…`);
    assert.equal(description?.length, 500);
    assert.match(description ?? "", /d…$/);
  });

  test("from the first 64 KiB of the file, which is not run", async (t) => {
    const folder = tempFolder(t, {
      "a.mjs": `export const title = "Add tax";\nthrow new Error("it was run");`,
      "b.mjs": `/*${" ".repeat(64 * 1024)}*/ export const title = "too late";`,
      "c.mjs": `export const title = "Add tax"; /* ${"title ( ".repeat(20_000)}`,
    });
    const read = async (name: string): Promise<string | null> => (await readMigrationHeading(path.join(folder, name))).title;
    assert.deepEqual(
      [await read("a.mjs"), await read("b.mjs"), await read("c.mjs"), await read("gone.mjs")],
      ["Add tax", null, "Add tax", null],
    );
  });
});
