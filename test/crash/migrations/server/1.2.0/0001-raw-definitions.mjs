export async function up(knex) {
  await knex.raw(
    "CREATE TABLE readings (id INT AUTO_INCREMENT PRIMARY KEY, place VARCHAR(40) NOT NULL, degrees INT NOT NULL) ENGINE=InnoDB",
  );
  await knex.raw("INSERT INTO readings (place, degrees) VALUES ('roof', 12), ('cellar', 8), ('roof', 14)");
  await knex.raw("CREATE TABLE summary AS SELECT place, SUM(degrees) AS total, COUNT(*) AS n FROM readings GROUP BY place");
  await knex.raw("ALTER TABLE summary ADD INDEX (place), ADD COLUMN mean INT NULL");
  await knex.raw("UPDATE summary SET mean = total DIV n");
  await knex.raw("ALTER TABLE summary ADD INDEX (place)");
  await knex.raw("CREATE TABLE queue (id INT PRIMARY KEY, job VARCHAR(20))");
  await knex.raw("INSERT INTO queue VALUES (1, 'a'), (2, 'b')");
  await knex.raw("TRUNCATE TABLE queue");
  await knex.raw("INSERT INTO queue VALUES (3, 'c')");
  await knex.raw("RENAME TABLE queue TO jobs");
  await knex.raw("INSERT INTO jobs VALUES (4, 'd')");
}
