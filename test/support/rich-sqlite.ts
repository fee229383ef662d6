import type { Knex } from "knex";

/** Makes everything in an SQLite database that a backup may stumble over. */
export async function fillRichSqlite(knex: Knex): Promise<void> {
  const statements = [
    "PRAGMA user_version = 7",
    "PRAGMA application_id = 4711",
    "CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, other INTEGER REFERENCES child (id))",
    "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL REFERENCES parent (id) ON DELETE CASCADE)",
    "CREATE TABLE keyed (a TEXT, b BLOB, c, PRIMARY KEY (a, b)) WITHOUT ROWID",
    "CREATE TABLE made (a INT, twice INT GENERATED ALWAYS AS (a * 2) STORED, thrice INT AS (a * 3) VIRTUAL, `od``d ü` TEXT DEFAULT 'it''s')",
    "CREATE TABLE blobs (name TEXT, body BLOB)",
    `CREATE TABLE "odd ""name" ("a ""b" TEXT, rowid TEXT)`,
    "CREATE TABLE empty_one (id)",
    "CREATE VIRTUAL TABLE words USING fts5 (title, body)",
    "CREATE VIRTUAL TABLE blob_words USING fts5 (name, content = 'blobs', content_rowid = 'rowid')",
    "CREATE VIEW on_view AS SELECT * FROM a_view",
    "CREATE VIEW a_view AS SELECT id, name FROM parent",
    "CREATE TRIGGER made_after AFTER INSERT ON made BEGIN INSERT INTO blobs (name) VALUES ('trigger; ' || NEW.a); END",
    "CREATE UNIQUE INDEX blobs_some ON blobs (name COLLATE NOCASE) WHERE name NOT LIKE 'trigger%'",
    "CREATE INDEX by_expression ON parent (lower(name))",
  ];
  for (const statement of statements) await knex.raw(statement);
  await knex.raw("INSERT INTO parent (id, name) VALUES (1, 'a'), (900, 'ü 🚀'), (901, 'x''y')");
  await knex.raw("DELETE FROM parent WHERE id = 901");
  await knex.raw("INSERT INTO child VALUES (1, 1), (2, 900)");
  await knex.raw("UPDATE parent SET other = 2");
  await knex.raw("INSERT INTO keyed VALUES ('a', x'00ff', NULL), ('a', x'01', 1.5), ('b', x'', 9223372036854775807)");
  await knex.raw("INSERT INTO made (a) VALUES (1), (2)");
  await knex.raw(`INSERT INTO "odd ""name" VALUES ('?', 'not the rowid')`);
  await knex.raw("DELETE FROM blobs WHERE rowid = 1");
  const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  for (let at = 0; at < 500; at++) await knex.raw("INSERT INTO blobs VALUES (?, ?)", [`name ${at}`, body]);
  await knex.raw("INSERT INTO blob_words (blob_words) VALUES ('rebuild')");
  for (let at = 0; at < 20; at++) await knex.raw("INSERT INTO words VALUES (?, ?)", [`title ${at}`, `word${at} and more`]);
  await knex.raw("ANALYZE");
}

/** Definitions, rows with their rowids and SQLite's own counters; without the table `secrets`. */
export async function pictureOfSqlite(knex: Knex): Promise<Record<string, unknown>> {
  const picture: Record<string, unknown> = {};
  const rows = async (sql: string): Promise<Record<string, unknown>[]> => (await knex.raw(sql)) as Record<string, unknown>[];
  for (const name of ["user_version", "application_id"]) picture[name] = await rows(`PRAGMA ${name}`);
  for (const row of await rows("SELECT type, name, sql FROM sqlite_master WHERE tbl_name <> 'secrets' AND name NOT LIKE 'sqlite_%'"))
    picture[`${String(row["type"])} ${String(row["name"])}`] = row["sql"];
  const tables = await rows("PRAGMA table_list");
  for (const { name, type, wr, schema } of tables) {
    if (schema !== "main" || type === "shadow" || name === "secrets" || /^sqlite_(?!seq|stat1)/.test(String(name))) continue;
    const rowid = type === "view" || wr === 1 || /"/.test(String(name)) ? "" : "rowid AS r, ";
    const where = name === "sqlite_sequence" ? "WHERE name <> 'secrets'" : name === "sqlite_stat1" ? "WHERE tbl <> 'secrets'" : "";
    const all = await rows(
      `SELECT ${String(name).startsWith("sqlite_") ? "" : rowid}* FROM "${String(name).replaceAll('"', '""')}" ${where}`,
    );
    picture[`rows of ${String(name)}`] = all.map((row) => JSON.stringify(row)).toSorted();
  }
  picture["found"] = await rows("SELECT rowid FROM words WHERE words MATCH 'word7 OR word9'");
  picture["found by rowid"] = (await rows("SELECT rowid FROM blob_words WHERE blob_words MATCH 'name'")).length;
  return picture;
}
