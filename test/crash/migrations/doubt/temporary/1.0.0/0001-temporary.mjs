export async function up(knex) {
  await knex.raw("CREATE TABLE words (id INT PRIMARY KEY, word VARCHAR(20))");
  await knex.raw("CREATE TEMPORARY TABLE passing (id INT PRIMARY KEY, word VARCHAR(20))");
  await knex.raw("INSERT INTO passing VALUES (1, 'one')");
  await knex.raw("INSERT INTO words SELECT * FROM passing");
}
