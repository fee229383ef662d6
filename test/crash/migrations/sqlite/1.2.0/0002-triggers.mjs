export async function up(knex) {
  await knex.raw("CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, place TEXT)");
  await knex.raw("CREATE TRIGGER readings_audit AFTER INSERT ON readings BEGIN INSERT INTO audit (place) VALUES (NEW.place); END");
  await knex.raw("INSERT INTO readings (place, degrees) VALUES ('garden', 21), ('shed', 5)");
  await knex.raw("DROP TRIGGER readings_audit");
  await knex.raw("INSERT INTO readings (place, degrees) VALUES ('nobody sees this', 1)");
}
