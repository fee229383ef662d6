export async function up(knex) {
  await knex.raw("CREATE TABLE readings (id INTEGER PRIMARY KEY AUTOINCREMENT, place TEXT NOT NULL, degrees INTEGER NOT NULL)");
  await knex.raw("INSERT INTO readings (place, degrees) VALUES ('roof', 12), ('cellar', 8), ('roof', 14)");
  await knex.raw("CREATE TABLE summary AS SELECT place, SUM(degrees) AS total FROM readings GROUP BY place");
  await knex.raw("CREATE INDEX readings_warm ON readings (degrees) WHERE degrees > 10");
  await knex.raw("CREATE VIEW warm AS SELECT place FROM readings WHERE degrees > 10");
  await knex.raw("ALTER TABLE summary RENAME TO summaries");
  await knex.raw("UPDATE summaries SET total = total + 1");
}
