import path from "node:path";

export type MigrationExtension = "js" | "mjs" | "cjs" | "ts" | "mts" | "cts";

export const MIGRATION_EXTENSIONS = ["js", "mjs", "cjs", "ts", "mts", "cts"] as const satisfies readonly MigrationExtension[];

/** The history's names have 255 characters; a release and a number take some of them. */
const MOST_NAME_CHARACTERS = 100;

/** What is wrong with a name for a migration; null when it can be one. */
export function migrationNameProblem(name: string): string | null {
  if (name.length > MOST_NAME_CHARACTERS) return `must have at most ${MOST_NAME_CHARACTERS} characters, got ${name.length}`;
  if (!/^[A-Za-z\d _-]*$/.test(name)) return "must be made of letters a to z, digits, spaces, hyphens and underscores only";
  return wordsOf(name).length === 0 ? "must have at least one letter or digit" : null;
}

/** `addTaxId`, `add_tax_id`, `Add tax ID` → add, tax, id. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[ _-]+/)
    .filter((word) => word !== "");
}

/** `0004-add-tax-id`: one more than the highest number of the release's files, as wide as theirs. */
export function versionedFileName(name: string, siblings: readonly string[]): string {
  const numbers = siblings.map((sibling) => /^\d+/.exec(sibling)?.[0]).filter((number) => number !== undefined);
  const next = Math.max(0, ...numbers.map(Number)) + 1;
  const width = Math.max(...numbers.map((number) => number.length), numbers.length === 0 ? 4 : 1);
  return `${String(next).padStart(width, "0")}-${wordsOf(name).join("-")}`;
}

/** `20260131235959_add_tax_id`: knex's own form, in UTC. */
export function flatFileName(name: string, now: Date): string {
  return `${now.toISOString().replace(/\D/g, "").slice(0, 14)}_${wordsOf(name).join("_")}`;
}

/** The extension of the last file that has one; `js` without any. */
export function usualExtension(files: readonly string[]): MigrationExtension {
  const last = files.at(-1);
  const extension = last === undefined ? "" : path.extname(last).slice(1);
  return MIGRATION_EXTENSIONS.find((known) => known === extension) ?? "js";
}

/** The module system that a migration of that extension is run in. */
export function systemOfExtension(extension: MigrationExtension, type: "module" | "commonjs" | null): "esm" | "cjs" {
  if (extension.endsWith("ts") || extension === "mjs") return "esm";
  return extension === "cjs" || type !== "module" ? "cjs" : "esm";
}

/** The text of an empty migration, in knex's form with upgate's second argument. */
export function migrationText(extension: MigrationExtension, system: "esm" | "cjs"): string {
  if (extension.endsWith("ts")) return `${TYPES}export async function up(knex: Knex, ctx: MigrationContext): Promise<void> {\n${BODY}}\n`;
  return system === "esm"
    ? `${PARAMETERS}export async function up(knex, ctx) {\n${BODY}}\n`
    : `${PARAMETERS}exports.up = async function (knex, ctx) {\n${BODY}};\n`;
}

const TYPES = `import type { Knex } from "knex";
import type { MigrationContext } from "upgate";

`;
const PARAMETERS = `/**
 * @param {import("knex").Knex} knex
 * @param {import("upgate").MigrationContext} ctx
 */
`;
const BODY = '  // await knex.schema.alterTable("customers", (table) => table.string("tax_id", 40));\n';
