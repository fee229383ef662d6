import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Knex } from "knex";
import { compareSchemas, type Schema } from "../../src/core/schema.js";
import { connectHost, connectStore, databaseSource } from "../../src/store/connect.js";
import { compareContents, readContents } from "../../src/store/contents.js";
import { readSchema } from "../../src/store/schema.js";
import { ensureTables } from "../../src/store/tables.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

type Change = (knex: Knex) => PromiseLike<unknown>;

/** A host's database with a part of every sort. Tables are changed before there is a view: SQLite can't rename one that a view needs. */
async function layDown(knex: Knex, changeTables?: Change): Promise<void> {
  await knex.schema.createTable("shops", (table) => {
    table.increments("id");
    table.string("name", 40).notNullable().defaultTo("nameless");
    table.unique(["name"]);
  });
  await knex.schema.createTable("products", (table) => {
    table.increments("id");
    table.integer("shop").unsigned().references("id").inTable("shops").onDelete("CASCADE");
    table.decimal("price", 10, 2);
    table.string("code", 20).nullable();
    table.index(["price"], "products_by_price");
  });
  await changeTables?.(knex);
  await knex.schema.createView("cheap", (view) => view.as(knex("products").where("price", "<", 5)));
  await knex.raw("CREATE TRIGGER noted AFTER INSERT ON products FOR EACH ROW BEGIN UPDATE shops SET name = 'x' WHERE id = 0; END");
}

const TABLE_CHANGES: readonly [what: string, change: Change, difference: RegExp][] = [
  [
    "a column",
    (knex) => knex.schema.alterTable("shops", (table) => table.text("note")),
    /^table shops, column note: text NULL.* here, missing there$/,
  ],
  [
    "a default",
    (knex) => knex.schema.alterTable("shops", (t) => t.string("name", 40).notNullable().defaultTo("x").alter()),
    /^table shops, column name: .*DEFAULT '?x'?.* here, .*DEFAULT '?nameless'?/,
  ],
  [
    "null",
    (knex) => knex.schema.alterTable("products", (table) => table.dropNullable("code")),
    /^table products, column code: varchar\(20\) NOT NULL.* here, varchar\(20\) NULL/,
  ],
  [
    "an index",
    (knex) => knex.schema.alterTable("products", (table) => table.index(["code", "price"], "both")),
    /^table products, index both: \(code, price\) here, missing there$/,
  ],
  [
    "a unique index",
    (knex) => knex.schema.alterTable("products", (table) => table.unique(["code"])),
    /^table products, index .*: unique \(code\) here, missing there$/,
  ],
  [
    "a foreign key",
    (knex) => knex.schema.alterTable("products", (table) => table.dropForeign("shop")),
    /^table products, foreign key .*: missing here, \(shop\) to shops \(id\), on update .*, on delete cascade there$/,
  ],
  ["a table", (knex) => knex.schema.createTable("more", (table) => table.increments("id")), /^table more: present here, missing there$/],
];

const PART_CHANGES: typeof TABLE_CHANGES = [
  ["a view", (knex) => knex.raw("DROP VIEW cheap"), /^view cheap: missing here, .*products.* there$/s],
  ["a trigger", (knex) => knex.raw("DROP TRIGGER noted"), /^trigger noted: missing here, on products: .*INSERT.* there$/s],
];

for (const kind of kinds) describe(`structure and contents on ${kind.name}`, () => schemaOn(kind));

interface Reading {
  readonly first: Schema;
  readonly second: Schema;
  readonly stores: readonly [Knex, Knex];
}

function schemaOn(kind: DatabaseKind): void {
  const withDatabases = async (use: (read: () => Promise<Reading>, host: Knex) => Promise<void>, changeTables?: Change): Promise<void> => {
    const databases = await Promise.all([kind.create(), kind.create()]);
    const sources = databases.map(({ address }) => databaseSource(address, process.cwd()));
    const hosts = sources.map(connectHost) as [Knex, Knex];
    const stores = sources.map(connectStore) as [Knex, Knex];
    const { dialect } = sources[0] as (typeof sources)[number];
    const readBoth = async (): Promise<Reading> => ({
      first: await readSchema(stores[0], dialect),
      second: await readSchema(stores[1], dialect),
      stores,
    });
    try {
      await layDown(hosts[0], changeTables);
      await layDown(hosts[1]);
      await ensureTables({ knex: stores[0], dialect, asAdmin: (create) => create(stores[0]) });
      await use(readBoth, hosts[0]);
    } finally {
      for (const knex of [...hosts, ...stores]) await knex.destroy();
      for (const { drop } of databases) await drop();
    }
  };

  it("is the same in two databases of the same making, whether or not upgate's tables are there", () =>
    withDatabases(async (read) => {
      const { first, second } = await read();
      assert.deepEqual(first, second);
      const [products] = first.tables;
      assert.deepEqual(
        first.tables.map(({ name, columns }) => [name, columns.map((column) => column.name)]),
        [
          ["products", ["id", "shop", "price", "code"]],
          ["shops", ["id", "name"]],
        ],
      );
      assert.deepEqual(
        products?.indexes.find(({ name }) => name === "PRIMARY"),
        { name: "PRIMARY", unique: true, columns: ["id"], kind: "" },
      );
      assert.equal(products?.foreignKeys.length, 1);
    }));

  const assertTold = async (read: () => Promise<Reading>, difference: RegExp): Promise<void> => {
    const { first, second } = await read();
    const differences = compareSchemas(first, second, ["here", "there"]);
    assert.ok(
      differences.some((line) => difference.test(line)),
      differences.join("\n") || "no difference",
    );
  };

  for (const [what, change, difference] of TABLE_CHANGES)
    it(`tells ${what} that differs`, () => withDatabases((read) => assertTold(read, difference), change));

  for (const [what, change, difference] of PART_CHANGES)
    it(`tells ${what} that differs`, () =>
      withDatabases(async (read, host) => {
        await change(host);
        await assertTold(read, difference);
      }));

  it("tells rows that differ, in whatever order they come", () =>
    withDatabases(async (read, host) => {
      const { first, stores } = await read();
      const compare = async (ignored: readonly string[] = []): Promise<string[]> => {
        const options = { ignored: new Set(ignored), sinceMs: Number.MAX_SAFE_INTEGER };
        const [a, b] = [await readContents(stores[0], first.tables, options), await readContents(stores[1], first.tables, options)];
        return compareContents(a, b, ["here", "there"]);
      };
      const rows = [
        { id: 1, name: "Ink" },
        { id: 2, name: "Paper" },
      ];
      await stores[1]("shops").insert(rows);
      await host("shops").insert(rows.toReversed());
      assert.deepEqual(await compare(), []);
      await host("shops").where({ id: 1 }).update({ name: "Iron" });
      assert.deepEqual(await compare(), ["table shops: the values of name here are others than there"]);
      assert.deepEqual(await compare(["shops.name"]), []);
      await host("shops").where({ id: 2 }).delete();
      assert.deepEqual(await compare(), ["table shops: 1 rows here, 2 rows there"]);
      assert.deepEqual(await compare(["shops"]), []);
    }));
}
