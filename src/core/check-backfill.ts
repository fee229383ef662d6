import type { BackfillOptions } from "./backfill.js";
import { LARGEST_BATCH } from "./batch-size.js";
import { UpgateError } from "./errors.js";
import { Checker } from "./option-checker.js";

const KNOWN = ["table", "key", "where", "batch", "targetMs", "columns", "update"];
const COLUMN = /^[A-Za-z_][\w$]*$/;

/** With every default filled in. */
export interface CheckedBackfill extends Pick<BackfillOptions, "update"> {
  readonly table: string;
  readonly key: string;
  readonly where: Required<BackfillOptions>["where"] | null;
  readonly batch: number;
  readonly targetMs: number;
  readonly columns: readonly string[];
}

/** `known`: options that the caller has besides. Throws `ERR_UPGATE_MIGRATION_STEP` with all problems. */
export function checkBackfill(
  options: BackfillOptions,
  known: readonly string[] = [],
  check?: (checker: Checker) => void,
): CheckedBackfill {
  const checker = new Checker("", (typeof options === "object" ? (options ?? {}) : {}) as unknown as Record<string, unknown>);
  checker.known([...KNOWN, ...known]);
  const table = checker.identifier("table", "");
  if (checker.input["table"] === undefined) checker.problem("table", "is required");
  const checked = {
    table,
    key: (checker.check("key", keyProblem) as string | undefined) ?? "id",
    where: (checker.check("where", whereProblem) as CheckedBackfill["where"] | undefined) ?? null,
    batch: (checker.check("batch", (value) => wholeProblem(value, 1, LARGEST_BATCH, "rows")) as number | undefined) ?? 1000,
    targetMs: (checker.check("targetMs", (value) => wholeProblem(value, 10, 10_000, "milliseconds")) as number | undefined) ?? 250,
    columns: (checker.check("columns", columnsProblem) as readonly string[] | undefined) ?? [],
    update: checker.input["update"] as BackfillOptions["update"],
  };
  checkUpdate(checker, checked);
  check?.(checker);
  if (checker.problems.length > 0) throw refusal(table, checker.problems);
  return checked;
}

function refusal(table: string, problems: UpgateError["problems"]): UpgateError {
  const told = problems.map(({ path, message }) => `${path} ${message}`).join("; ");
  const which = table === "" ? "A backfill" : `The backfill of ${table}`;
  return new UpgateError("ERR_UPGATE_MIGRATION_STEP", `${which} can't be run: ${told}.`, { problems });
}

function keyProblem(value: unknown): string | null {
  if (value === undefined || isColumn(value)) return null;
  if (Array.isArray(value))
    return "must be one column: rows can't be paged by a composite key; name a column with a unique index of its own";
  return `must be a column name without its table, got ${JSON.stringify(value) ?? typeof value}`;
}

function whereProblem(value: unknown): string | null {
  return value === undefined || typeof value === "function" ? null : `must be a function that gets the query, got ${typeof value}`;
}

function wholeProblem(value: unknown, least: number, most: number, what: string): string | null {
  if (value === undefined || (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)) return null;
  return `must be a whole number of ${what} from ${least} to ${most}, got ${String(value)}`;
}

function columnsProblem(value: unknown): string | null {
  if (value === undefined || (Array.isArray(value) && value.every(isColumn))) return null;
  return `must be an array of column names, got ${JSON.stringify(value) ?? typeof value}`;
}

function isColumn(value: unknown): boolean {
  return typeof value === "string" && COLUMN.test(value);
}

function checkUpdate(checker: Checker, { key, update }: CheckedBackfill): void {
  if (typeof update === "function") return;
  if (checker.input["columns"] !== undefined) checker.problem("columns", "is only for a function as update");
  if (!isPlainObject(update)) {
    const got = update === null ? "null" : typeof update;
    checker.problem("update", update === undefined ? "is required" : `must be an object of column values, or a function, got ${got}`);
    return;
  }
  if (Object.keys(update).length === 0) checker.problem("update", "must name a column");
  for (const [column, value] of Object.entries(update)) {
    if (column === key) checker.problem(`update.${column}`, "is the key, which must not change");
    else if (value === undefined) checker.problem(`update.${column}`, "must not be undefined; null is a value");
    else if (typeof value === "function") checker.problem(`update.${column}`, 'must be a value or knex.raw("…"), not a function');
  }
}

/** knex's own objects have a prototype of theirs; `Object.create(null)` and other realms' objects are plain, too. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
