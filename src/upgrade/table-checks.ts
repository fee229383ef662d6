import type { Check } from "../core/check.js";
import type { TableConditions } from "../store/table-condition.js";

/** More names than this make a message hard to read. */
const MOST_NAMES = 5;

export function namesOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** `defaultEngine`: of tables that are made without naming one. */
export function engineCheck({ tables }: Pick<TableConditions, "tables">, defaultEngine: string): Check {
  const common = { id: "storage-engine", title: "Storage engine" };
  const others = tables.filter(({ engine }) => engine.toLowerCase() !== "innodb");
  if (defaultEngine.toLowerCase() !== "innodb") {
    const remedy = "Have default_storage_engine set to InnoDB.";
    const message = `New tables become ${defaultEngine}, which may have no transactions: an interrupted upgrade could be hard to go on with.`;
    return { ...common, severity: "warning", message, remedy };
  }
  if (others.length === 0) return { ...common, severity: "ok", message: "All tables are InnoDB.", remedy: null };
  return {
    ...common,
    severity: "warning",
    message: `Not InnoDB: ${namesOf(others.map(({ name, engine }) => `${name} (${engine})`))}. What a migration writes there can't be taken back.`,
    remedy: "Ask your vendor whether they may become InnoDB: ALTER TABLE … ENGINE=InnoDB. Make a backup before.",
  };
}

/** `versionTable`: upgate's own, whose collation it has chosen. */
export function collationsCheck({ tables, collation }: TableConditions, versionTable: string): Check {
  const common = { id: "table-collations", title: "Collations of the tables" };
  const others = tables.filter((table) => table.collation !== "" && table.collation !== collation && table.name !== versionTable);
  if (others.length === 0) return { ...common, severity: "ok", message: `All as the database, ${collation}.`, remedy: null };
  return {
    ...common,
    severity: "warning",
    message:
      `The database has ${collation}, so new tables get it; others: ${namesOf(others.map((table) => `${table.name} (${table.collation})`))}. ` +
      "A migration that compares or links texts of both may fail.",
    remedy: "Rehearse the upgrade on a copy. Ask your vendor before you convert a table.",
  };
}

/** `wide`: names of tables of an old row format with keys that have no room to grow. */
export function rowFormatCheck({ tables }: Pick<TableConditions, "tables">, wide: ReadonlySet<string>): Check {
  const common = { id: "row-format", title: "Row format" };
  const old = oldRowFormats(tables);
  if (old.length === 0) return { ...common, severity: "ok", message: "No table has an old row format.", remedy: null };
  const tight = old.filter((name) => wide.has(name));
  if (tight.length === 0)
    return { ...common, severity: "info", message: `COMPACT or REDUNDANT: ${namesOf(old)}. Their keys have room.`, remedy: null };
  return {
    ...common,
    severity: "warning",
    message: `COMPACT or REDUNDANT, with keys on long texts: ${namesOf(tight)}. A change of such a column, or to utf8mb4, may be refused.`,
    remedy: "Rehearse the upgrade on a copy; if it fails there: ALTER TABLE … ROW_FORMAT=DYNAMIC. Make a backup before.",
  };
}

/** Names of those whose keys are bounded to 767 bytes a column. */
export function oldRowFormats(tables: TableConditions["tables"]): string[] {
  return tables
    .filter(({ engine, rowFormat }) => engine.toLowerCase() === "innodb" && /^(?:compact|redundant)$/i.test(rowFormat))
    .map(({ name }) => name);
}
