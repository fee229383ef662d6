/** The structure of a database, without upgate's own tables and without anything that rows may change. */
export interface Schema {
  readonly tables: readonly TableSchema[];
  readonly views: readonly ViewSchema[];
  readonly triggers: readonly TriggerSchema[];
}

export interface TableSchema {
  readonly name: string;
  /** Engine and collation on a server, e.g. `InnoDB utf8mb4_bin`; empty on SQLite. */
  readonly options: string;
  /** In the table's order. */
  readonly columns: readonly ColumnSchema[];
  readonly indexes: readonly IndexSchema[];
  readonly foreignKeys: readonly ForeignKeySchema[];
}

export interface ColumnSchema {
  readonly name: string;
  /** As the server writes it, e.g. `int(11) unsigned`, in lower case. */
  readonly type: string;
  readonly nullable: boolean;
  /** SQL text of the default; null when there is none. */
  readonly default: string | null;
  /** What else the server says: `auto_increment`, `generated`; empty for most columns. */
  readonly extra: string;
  /** Null where the column has none or the database does not tell. */
  readonly collation: string | null;
}

export interface IndexSchema {
  /** `PRIMARY` for the primary key; a unique constraint that SQLite gives no name is named for its columns. */
  readonly name: string;
  readonly unique: boolean;
  /** Each with prefix length and direction where there is one, e.g. `name(20) desc`. */
  readonly columns: readonly string[];
  /** `fulltext`, `spatial`, `partial`; empty for plain ones. */
  readonly kind: string;
}

export interface ForeignKeySchema {
  /** The constraint's name; on SQLite, which keeps none, the columns. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly table: string;
  readonly references: readonly string[];
  readonly onUpdate: string;
  readonly onDelete: string;
}

export interface ViewSchema {
  readonly name: string;
  /** SQL, white space normalised. */
  readonly definition: string;
}

export interface TriggerSchema extends ViewSchema {
  readonly table: string;
}

/** How two databases are called in the differences: the first and the second. */
export type SchemaPlaces = readonly [first: string, second: string];

interface Part {
  /** E.g. `table products, column price_cents`. */
  readonly label: string;
  /** What is compared, as people read it. */
  readonly text: string;
}

/**
 * What differs, one line a part: `table products, column price_cents: int(11) NOT NULL after the upgrade, missing in a fresh
 * installation`. A table that only one side has is one line. Empty when the two are the same.
 */
export function compareSchemas(
  first: Schema,
  second: Schema,
  places: SchemaPlaces = ["after the upgrade", "in a fresh installation"],
): string[] {
  const differences = compareNamed(first.tables, second.tables, (table) => ({ label: `table ${table.name}`, text: "present" }), places);
  const others = new Map(second.tables.map((table) => [table.name, table]));
  for (const table of first.tables) {
    const other = others.get(table.name);
    if (other) differences.push(...compareTables(table, other, places));
  }
  const view = ({ name, definition }: ViewSchema): Part => ({ label: `view ${name}`, text: definition });
  const trigger = ({ name, table, definition }: TriggerSchema): Part => ({
    label: `trigger ${name}`,
    text: `on ${table}: ${definition}`,
  });
  return [
    ...differences,
    ...compareNamed(first.views, second.views, view, places),
    ...compareNamed(first.triggers, second.triggers, trigger, places),
  ];
}

function compareTables(first: TableSchema, second: TableSchema, places: SchemaPlaces): string[] {
  const inTable = (kind: string, name: string, text: string): Part => ({ label: `table ${first.name}, ${kind} ${name}`, text });
  return [
    ...compareParts(
      [{ label: `table ${first.name}`, text: first.options }],
      [{ label: `table ${first.name}`, text: second.options }],
      places,
    ),
    ...compareNamed(first.columns, second.columns, (column) => inTable("column", column.name, describeColumn(column)), places),
    ...compareOrder(first, second, places),
    ...compareNamed(first.indexes, second.indexes, (index) => inTable("index", index.name, describeIndex(index)), places),
    ...compareNamed(first.foreignKeys, second.foreignKeys, (key) => inTable("foreign key", key.name, describeForeignKey(key)), places),
  ];
}

/** Only where both have the same columns: else the missing one is said already. */
function compareOrder(first: TableSchema, second: TableSchema, [here, there]: SchemaPlaces): string[] {
  const [a, b] = [first, second].map(({ columns }) => columns.map(({ name }) => name)) as [string[], string[]];
  if (a.join() === b.join() || a.toSorted().join() !== b.toSorted().join()) return [];
  return [`table ${first.name}: the columns' order is ${a.join(", ")} ${here}, ${b.join(", ")} ${there}`];
}

function compareNamed<T>(first: readonly T[], second: readonly T[], describe: (one: T) => Part, places: SchemaPlaces): string[] {
  return compareParts(first.map(describe), second.map(describe), places);
}

function compareParts(first: readonly Part[], second: readonly Part[], [here, there]: SchemaPlaces): string[] {
  const texts = new Map(first.map(({ label, text }) => [label, text]));
  const others = new Map(second.map(({ label, text }) => [label, text]));
  const labels = [...new Set([...texts.keys(), ...others.keys()])];
  return labels.flatMap((label) => {
    const [text, other] = [texts.get(label), others.get(label)];
    return text === other ? [] : [`${label}: ${text ?? "missing"} ${here}, ${other ?? "missing"} ${there}`];
  });
}

function describeColumn({ type, nullable, default: value, extra, collation }: ColumnSchema): string {
  const parts = [
    type,
    nullable ? "NULL" : "NOT NULL",
    value === null ? "" : `DEFAULT ${value}`,
    extra,
    collation ? `COLLATE ${collation}` : "",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function describeIndex({ unique, columns, kind }: IndexSchema): string {
  return `${unique ? "unique " : ""}${kind === "" ? "" : `${kind} `}(${columns.join(", ")})`;
}

function describeForeignKey({ columns, table, references, onUpdate, onDelete }: ForeignKeySchema): string {
  return `(${columns.join(", ")}) to ${table} (${references.join(", ")}), on update ${onUpdate}, on delete ${onDelete}`;
}
