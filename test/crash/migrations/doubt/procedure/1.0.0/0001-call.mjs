export async function up(knex) {
  await knex.raw("CREATE TABLE tally (id INT PRIMARY KEY, n INT NOT NULL)");
  await knex("tally").insert({ id: 1, n: 1 });
  await knex.raw("CREATE PROCEDURE raise_tally() UPDATE tally SET n = n + 1");
  await knex.raw("CALL raise_tally()");
  await knex.raw("ALTER TABLE tally ADD COLUMN more INT NOT NULL DEFAULT 0");
  await knex("tally").update({ more: knex.raw("n + 1") });
}

export async function truth(knex, { statement }) {
  if (/PROCEDURE/.test(statement)) {
    const [rows] = await knex.raw(
      "SELECT 1 AS one FROM information_schema.routines WHERE routine_schema = database() AND routine_name = 'raise_tally'",
    );
    return rows.length > 0;
  }
  return (await knex("tally").first()).n === 2;
}
