export async function up(knex) {
  await knex.raw("CREATE OR REPLACE VIEW warm AS SELECT place, degrees FROM readings WHERE degrees > 10");
  await knex.raw("CREATE OR REPLACE VIEW warm AS SELECT place, degrees, id FROM readings WHERE degrees > 11");
  await knex.raw("ALTER VIEW warm AS SELECT place, degrees, id FROM readings WHERE degrees > 13");
  await knex.raw("CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, place VARCHAR(40), degrees INT)");
  await knex.raw(
    "CREATE TRIGGER readings_audit AFTER INSERT ON readings FOR EACH ROW INSERT INTO audit (place, degrees) VALUES (NEW.place, NEW.degrees)",
  );
  await knex.raw("INSERT INTO readings (place, degrees) VALUES ('garden', 21), ('shed', 5)");
  await knex.raw("UPDATE readings SET degrees = degrees + 1 WHERE place = 'garden'");
  await knex.raw("DROP TRIGGER readings_audit");
  await knex.raw("INSERT INTO readings (place, degrees) VALUES ('nobody sees this', 1)");
  await knex.raw(
    "CREATE TRIGGER readings_more BEFORE UPDATE ON readings FOR EACH ROW BEGIN SET NEW.place = CONCAT(NEW.place, '!'); INSERT INTO audit (place, degrees) VALUES (OLD.place, OLD.degrees); END",
  );
  await knex.raw("UPDATE readings SET degrees = degrees + 1 WHERE degrees > 10");
}
