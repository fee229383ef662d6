import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

interface EngineCase {
  readonly label: string;
  readonly migrations: number;
  /** An earlier release's migration, which the others need; applied beforehand. Null: each stands by itself. */
  readonly first: string | null;
  /** Of the n-th migration's `up`. */
  readonly body: (n: number) => string;
}

export const CASES = {
  tables: {
    label: "one table each: six columns, an index, a unique",
    migrations: 300,
    first: null,
    body: (n) => `await knex.schema.createTable("thing_${n}", (t) => {
    t.increments("id");
    t.string("name", 100).notNullable();
    t.string("email", 150).notNullable();
    t.integer("amount").notNullable().defaultTo(0);
    t.boolean("active").notNullable().defaultTo(true);
    t.text("notes");
    t.index(["name"]);
    t.unique(["email"]);
  });`,
  },
  data: {
    label: "data: an insert of three rows, an update",
    migrations: 300,
    first: `await knex.schema.createTable("setting", (t) => {
    t.string("name", 100).primary();
    t.integer("release").notNullable().index();
    t.string("value", 200).notNullable();
  });`,
    body: (n) => `await knex("setting").insert([
    { name: "mail.${n}", release: ${n}, value: "smtp" },
    { name: "theme.${n}", release: ${n}, value: "plain" },
    { name: "tax.${n}", release: ${n}, value: "none" },
  ]);
  await knex("setting").where({ release: ${n} }).update({ value: "standard" });`,
  },
  mixed: {
    label: "mixed: hasTable, create with index, insert, alter",
    migrations: 100,
    first: null,
    body: (n) => `if (await knex.schema.hasTable("item_${n}")) return;
  await knex.schema.createTable("item_${n}", (t) => {
    t.increments("id");
    t.string("name", 100).notNullable().index();
    t.decimal("price", 10, 2).notNullable();
  });
  await knex("item_${n}").insert([{ name: "first", price: 1 }, { name: "second", price: 2 }]);
  await knex.schema.alterTable("item_${n}", (t) => t.string("unit", 20).notNullable().defaultTo("piece"));`,
  },
} as const satisfies Record<string, EngineCase>;

export type CaseName = keyof typeof CASES;
export const CASE_NAMES = Object.keys(CASES) as CaseName[];

/** A flat folder of plain knex migrations, at most `limit` besides the earlier one. */
export function writeMigrations(name: CaseName, folder: string, limit: number): void {
  const { body, migrations }: EngineCase = CASES[name];
  writeEarlier(name, folder);
  for (let n = 1; n <= Math.min(limit, migrations); n += 1) writeMigration(folder, n, body(n));
}

/** The same folder as the release before had it; false where there was none. */
export function writeEarlier(name: CaseName, folder: string): boolean {
  const { first }: EngineCase = CASES[name];
  mkdirSync(folder, { recursive: true });
  if (first !== null) writeMigration(folder, 0, first);
  return first !== null;
}

/** knex wants a `down`, too. */
function writeMigration(folder: string, n: number, up: string): void {
  const file = path.join(folder, `${String(n).padStart(4, "0")}_migration.js`);
  writeFileSync(file, `exports.up = async function up(knex) {\n  ${up}\n};\n\nexports.down = async function down() {};\n`);
}
