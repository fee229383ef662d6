// The two tables have the same structure: their definitions do not tell whether they were swapped.
export async function up(knex) {
  await knex.raw("CREATE TABLE live (id INT PRIMARY KEY, word VARCHAR(20))");
  await knex.raw("CREATE TABLE next_live (id INT PRIMARY KEY, word VARCHAR(20))");
  await knex("live").insert({ id: 1, word: "old" });
  await knex("next_live").insert({ id: 1, word: "new" });
  await knex.raw("RENAME TABLE live TO passing, next_live TO live, passing TO next_live");
  await knex("live").insert({ id: 2, word: "after the swap" });
}

export async function truth(knex) {
  return (await knex("live").where({ id: 1 }).first()).word === "new";
}
