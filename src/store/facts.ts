import type { Knex } from "knex";
import { isDuplicate } from "./driver-errors.js";

/** Null when nobody has written it. */
export async function readFact(knex: Knex, name: string): Promise<string | null> {
  const row: { value: string } | undefined = await knex("upgate_fact").where({ name }).first("value");
  return row?.value ?? null;
}

/** The last writer's value stays. */
export async function setFact(knex: Knex, name: string, value: string): Promise<void> {
  await knex("upgate_fact").insert({ name, value }).onConflict("name").merge();
}

export async function deleteFact(knex: Knex, name: string): Promise<void> {
  await knex("upgate_fact").where({ name }).delete();
}

/** The first writer's value stays. */
export async function writeFact(knex: Knex, name: string, value: string): Promise<void> {
  await knex("upgate_fact").insert({ name, value }).onConflict("name").ignore();
}

/** One autocommitted compare-and-set: false when the value is not as the caller saw it any more. `seen` null: it was absent. */
export async function replaceFact(knex: Knex, name: string, seen: string | null, value: string): Promise<boolean> {
  if (seen !== null) return (await knex("upgate_fact").where({ name, value: seen }).update({ value })) > 0;
  try {
    await knex("upgate_fact").insert({ name, value });
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}
