import type { Knex } from "knex";

/** Null when nobody has written it. */
export async function readFact(knex: Knex, name: string): Promise<string | null> {
  const row: { value: string } | undefined = await knex("upgate_fact").where({ name }).first("value");
  return row?.value ?? null;
}

/** The first writer's value stays. */
export async function writeFact(knex: Knex, name: string, value: string): Promise<void> {
  await knex("upgate_fact").insert({ name, value }).onConflict("name").ignore();
}
