export async function up(knex, ctx) {
  const { rows } = await ctx.backfill({
    table: "people",
    batch: 7,
    update: { gross: knex.raw("net + tax"), visits: knex.raw("visits + 1") },
  });
  await knex("accounts").insert({ number: 1, people: rows, word: "rows" });
  await knex.schema.alterTable("people", (table) => table.index(["gross"], "people_gross"));
  await ctx.backfill({
    table: "people",
    batch: 11,
    columns: ["name", "slug"],
    where: (query) => query.where("net", ">", 50),
    update: async (people, query) => {
      for (const { id, name } of people)
        await query(
          knex("people")
            .where({ id })
            .update({ slug: name.toLowerCase(), visits: knex.raw("visits + 1") }),
        );
    },
  });
  await knex("people").where("net", "<=", 50).increment("visits", 5);
}
