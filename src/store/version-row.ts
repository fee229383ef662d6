import type { Knex } from "knex";
import { messageOf } from "../core/errors.js";
import { isPromise } from "../core/option-checker.js";
import type { VersionRowOptions } from "../core/options.js";
import { MAX_VERSION_LENGTH } from "../core/version.js";
import type { VersionRowFact } from "../core/version-state.js";

/** Columns for a select over the version row, aliased `v`: the text's beginning only, whatever the row holds. */
export function versionColumns(knex: Knex, row: VersionRowOptions): Record<string, Knex.Raw> {
  return {
    version_key: knex.raw("??", [`v.${row.keyColumn}`]),
    version_text: knex.raw("substr(??, 1, ?)", [`v.${row.valueColumn}`, MAX_VERSION_LENGTH + 1]),
    version_length: knex.raw("length(??)", [`v.${row.valueColumn}`]),
  };
}

export interface VersionColumns {
  readonly version_key: string | null;
  readonly version_text: string | null;
  readonly version_length: number | string | null;
}

/** What the selected rows say about the version; `parse` of the options is applied here. */
export function versionFact(rows: readonly VersionColumns[], row: VersionRowOptions): VersionRowFact {
  const found = rows.filter((candidate) => candidate.version_key !== null);
  const [first] = found;
  if (!first) return { kind: "absent" };
  if (found.length > 1) return { kind: "invalid", problem: `there are ${found.length} rows named "${row.key}" in ${row.table}.` };
  if (first.version_text === null) return { kind: "invalid", problem: `the row "${row.key}" in ${row.table} is empty (NULL).` };
  if (Number(first.version_length) > MAX_VERSION_LENGTH)
    return {
      kind: "invalid",
      problem: `it holds ${Number(first.version_length)} characters; a version has ${MAX_VERSION_LENGTH} at most.`,
    };
  if (!row.parse) return { kind: "text", text: String(first.version_text) };
  return parsedFact(row.parse, String(first.version_text));
}

/** The vendor's function may do anything; a database that is blamed for it would be looked at in vain. */
function parsedFact(parse: (text: string) => unknown, text: string): VersionRowFact {
  try {
    const parsed = parse(text);
    if (typeof parsed === "string") return { kind: "text", text: parsed };
    if (parsed === null || parsed === undefined) return { kind: "invalid", problem: "versionRow.parse did not accept its text." };
    const what = isPromise(parsed) ? "a promise" : `a value of type ${typeof parsed}`;
    return { kind: "invalid", problem: `versionRow.parse returned ${what} instead of a text.` };
  } catch (error) {
    return { kind: "invalid", problem: `versionRow.parse failed: ${messageOf(error)}.` };
  }
}

export async function readVersionRow(knex: Knex, row: VersionRowOptions): Promise<VersionRowFact> {
  const rows: VersionColumns[] = await knex({ v: row.table }).select(versionColumns(knex, row)).where(`v.${row.keyColumn}`, row.key);
  return versionFact(rows, row);
}

/** Update, else insert: a host's own table need not have a unique index on the key. */
export async function writeVersionRow(knex: Knex, row: VersionRowOptions, version: string, timestamp: string): Promise<void> {
  const stamped = (await knex.schema.hasColumn(row.table, "updated_at")) && row.table === "tbl_config";
  const values = { [row.valueColumn]: version, ...(stamped ? { updated_at: timestamp } : {}) };
  const existing = await knex(row.table).where(row.keyColumn, row.key).first(row.keyColumn);
  if (existing) await knex(row.table).where(row.keyColumn, row.key).update(values);
  else await knex(row.table).insert({ [row.keyColumn]: row.key, ...values });
}
