// What commits while the temporary table is there leaves a half that can't be gone on with: the table went with the process.
export async function up(knex) {
  await knex.raw("CREATE TABLE words (id INT PRIMARY KEY, word VARCHAR(20))");
  await knex.raw("CREATE TEMPORARY TABLE passing (id INT PRIMARY KEY, word VARCHAR(20))");
  await knex.raw("INSERT INTO passing VALUES (1, 'one')");
  await knex.raw("ALTER TABLE words ADD COLUMN length INT NOT NULL DEFAULT 0");
  await knex.raw("INSERT INTO words SELECT id, word, CHAR_LENGTH(word) FROM passing");
}

export async function truth() {
  return false;
}
