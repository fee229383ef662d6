// Long enough for a statement to be killed while it runs: every row is copied.
export async function up(knex) {
  await knex.raw("CREATE TABLE bulk (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL, filler VARCHAR(200) NOT NULL)");
  await knex("bulk").insert(Array.from({ length: 320 }, (_, n) => ({ n, filler: "x".repeat(60) })));
  for (let doubled = 0; doubled < 5; doubled++) await knex.raw("INSERT INTO bulk (n, filler) SELECT n + 1, filler FROM bulk");
  await knex.raw("ALTER TABLE bulk ADD COLUMN extra VARCHAR(80) NOT NULL DEFAULT 'filled', ADD INDEX (filler), ALGORITHM=COPY");
  await knex.raw("UPDATE bulk SET n = n + 1 WHERE n < 50");
  await knex.raw("ALTER TABLE bulk ADD INDEX (n), ALGORITHM=COPY");
  await knex.raw("CREATE TABLE bulk_copy (n INT, word VARCHAR(80), KEY (n)) AS SELECT n, extra AS word FROM bulk WHERE n < 20");
  await knex.raw("DELETE FROM bulk WHERE n > 4");
}
