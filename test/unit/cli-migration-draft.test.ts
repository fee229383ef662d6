import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  flatFileName,
  migrationNameProblem,
  migrationText,
  systemOfExtension,
  usualExtension,
  versionedFileName,
} from "../../src/cli/project/migration-draft.js";

describe("a new migration's name", () => {
  for (const [name, siblings, expected] of [
    ["add-tax-id", [], "0001-add-tax-id"],
    ["addTaxID", ["0001-a.mjs", "0003-c.mjs"], "0004-add-tax-id"],
    ["Add tax_id", ["07-a.js"], "08-add-tax-id"],
    ["x", ["99-a.js"], "100-x"],
    ["x", ["unnumbered.js"], "0001-x"],
  ] as const)
    test(`${name} after [${siblings.join(", ")}] is ${expected}`, () => assert.equal(versionedFileName(name, siblings), expected));

  test("in a flat folder is knex's own, in UTC", () =>
    assert.equal(flatFileName("addTaxId", new Date("2026-01-31T23:59:59.999Z")), "20260131235959_add_tax_id"));

  for (const name of ["", "  ", "--", "a/b", "a\\b", "../a", "a.b", "größe", "x".repeat(101)])
    test(`can't be made of ${JSON.stringify(name.slice(0, 20))}`, () => assert.notEqual(migrationNameProblem(name), null));
  test("can be made of letters, digits, spaces, hyphens and underscores", () => assert.equal(migrationNameProblem("Add tax_id-2"), null));
});

describe("a new migration's extension", () => {
  for (const [files, expected] of [
    [[], "js"],
    [["a.mjs"], "mjs"],
    [["a.js", "b.ts"], "ts"],
  ] as const)
    test(`after [${files.join(", ")}] is ${expected}`, () => assert.equal(usualExtension(files), expected));

  for (const [extension, type, expected] of [
    ["js", "module", "esm"],
    ["js", "commonjs", "cjs"],
    ["js", null, "cjs"],
    ["mjs", "commonjs", "esm"],
    ["cjs", "module", "cjs"],
    ["ts", "commonjs", "esm"],
  ] as const)
    test(`.${extension} in a package of type ${type} is written as ${expected}`, () =>
      assert.equal(systemOfExtension(extension, type), expected));
});

describe("a new migration's text", () => {
  for (const [extension, system, up] of [
    ["js", "cjs", "exports.up = async function (knex, ctx) {"],
    ["mjs", "esm", "export async function up(knex, ctx) {"],
    ["ts", "esm", "export async function up(knex: Knex, ctx: MigrationContext): Promise<void> {"],
  ] as const)
    test(`.${extension}`, () => assert.ok(migrationText(extension, system).split("\n").includes(up)));
});
