export async function up(knex) {
  await knex.raw("CREATE TABLE bulk (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL, filler TEXT NOT NULL)");
  await knex.raw(
    "INSERT INTO bulk (n, filler) WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < 20000) SELECT n, hex(n) || 'filler' FROM counted",
  );
  await knex.raw("CREATE INDEX bulk_filler ON bulk (filler, n)");
  await knex.raw("UPDATE bulk SET n = n + 1");
  await knex.raw("DELETE FROM bulk WHERE n > 40");
}
