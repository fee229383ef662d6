// A statement without a transaction: nothing tells afterwards whether it was carried out.
export const config = { transaction: false };

export async function up(knex) {
  await knex.raw("CREATE TABLE counter (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=MyISAM");
  await knex("counter").insert({ id: 1, n: 10 });
  await knex("counter").update({ n: knex.raw("n + 1") });
  await knex("counter").update({ n: knex.raw("n * 3") });
}

export async function truth(knex, { statement }) {
  const row = await knex("counter").first();
  if (/insert/i.test(statement)) return row !== undefined;
  return /n \+ 1/.test(statement) ? row.n !== 10 : row.n === 33;
}
