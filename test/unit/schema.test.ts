import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ColumnSchema, compareSchemas, type Schema, type TableSchema } from "../../src/core/schema.js";

const column = (name: string, more: Partial<ColumnSchema> = {}): ColumnSchema => ({
  name,
  type: "int(11)",
  nullable: false,
  default: null,
  extra: "",
  collation: null,
  ...more,
});
const table = (more: Partial<TableSchema> = {}): TableSchema => ({
  name: "products",
  options: "InnoDB utf8mb4_bin",
  columns: [column("id", { extra: "auto_increment" }), column("name", { type: "varchar(255)", collation: "utf8mb4_bin" })],
  indexes: [{ name: "PRIMARY", unique: true, columns: ["id"], kind: "" }],
  foreignKeys: [],
  ...more,
});
const schema = (...tables: TableSchema[]): Schema => ({ tables, views: [], triggers: [] });
const [id, name] = table().columns as [ColumnSchema, ColumnSchema];
const toShops = { name: "fk", columns: ["shop"], table: "shops", references: ["id"], onUpdate: "cascade", onDelete: "restrict" };

const CASES: readonly [what: string, first: Schema, second: Schema, differences: string[]][] = [
  ["the same", schema(table()), schema(table()), []],
  ["nothing at all", schema(), schema(), []],
  [
    "a table more",
    schema(table(), table({ name: "old" })),
    schema(table()),
    ["table old: present after the upgrade, missing in a fresh installation"],
  ],
  ["a table less", schema(), schema(table()), ["table products: missing after the upgrade, present in a fresh installation"]],
  [
    "a column more",
    schema(table({ columns: [id, name, column("price_cents")] })),
    schema(table()),
    ["table products, column price_cents: int(11) NOT NULL after the upgrade, missing in a fresh installation"],
  ],
  [
    "a column less",
    schema(table({ columns: [id] })),
    schema(table()),
    ["table products, column name: missing after the upgrade, varchar(255) NOT NULL COLLATE utf8mb4_bin in a fresh installation"],
  ],
  [
    "another type, default and null",
    schema(table({ columns: [id, column("name", { type: "text", nullable: true, default: "''" })] })),
    schema(table({ columns: [id, column("name", { type: "text", extra: "generated" })] })),
    ["table products, column name: text NULL DEFAULT '' after the upgrade, text NOT NULL generated in a fresh installation"],
  ],
  [
    "another order of the columns",
    schema(table({ columns: [name, id] })),
    schema(table()),
    ["table products: the columns' order is name, id after the upgrade, id, name in a fresh installation"],
  ],
  [
    "another collation of the table",
    schema(table({ options: "InnoDB latin1_bin" })),
    schema(table()),
    ["table products: InnoDB latin1_bin after the upgrade, InnoDB utf8mb4_bin in a fresh installation"],
  ],
  [
    "an index that is no longer unique, and one more",
    schema(table({ indexes: [{ name: "PRIMARY", unique: false, columns: ["id", "name(20) desc"], kind: "" }] })),
    schema(table({ indexes: [...table().indexes, { name: "words", unique: false, columns: ["name"], kind: "fulltext" }] })),
    [
      "table products, index PRIMARY: (id, name(20) desc) after the upgrade, unique (id) in a fresh installation",
      "table products, index words: missing after the upgrade, fulltext (name) in a fresh installation",
    ],
  ],
  [
    "a foreign key that deletes",
    schema(table({ foreignKeys: [{ ...toShops, onDelete: "cascade" }] })),
    schema(table({ foreignKeys: [toShops] })),
    [
      "table products, foreign key fk: (shop) to shops (id), on update cascade, on delete cascade after the upgrade, (shop) to shops (id), on update cascade, on delete restrict in a fresh installation",
    ],
  ],
  [
    "a view and a trigger",
    { tables: [], views: [{ name: "cheap", definition: "select 1" }], triggers: [] },
    { tables: [], views: [], triggers: [{ name: "noted", table: "products", definition: "AFTER INSERT begin end" }] },
    [
      "view cheap: select 1 after the upgrade, missing in a fresh installation",
      "trigger noted: missing after the upgrade, on products: AFTER INSERT begin end in a fresh installation",
    ],
  ],
];

describe("two structures", () => {
  for (const [what, first, second, differences] of CASES) test(what, () => assert.deepEqual(compareSchemas(first, second), differences));

  test("are called as the caller wants", () => {
    assert.deepEqual(compareSchemas(schema(table()), schema(), ["here", "there"]), ["table products: present here, missing there"]);
  });
});
