import { appendFileSync } from "node:fs";

const tell = (name, key) => appendFileSync(process.env.UPGATE_CRASH_LOG, `${JSON.stringify({ pid: process.pid, step: name, key })}\n`);

export async function up(knex, ctx) {
  const [{ c }] = await knex("people").count({ c: "*" });
  const account = await ctx.step("open account", ({ idempotencyKey }) => {
    tell("open account", idempotencyKey);
    return { number: 4711, people: Number(c) };
  });
  await knex.schema.createTable("accounts", (table) => {
    table.integer("number").primary();
    table.integer("people");
  });
  await knex("accounts").insert(account);
  await knex("people").update({ visits: knex.raw("visits + 1") });
  const word = await ctx.step("say hello", async ({ idempotencyKey }) => {
    tell("say hello", idempotencyKey);
    return "hello";
  });
  await knex("people").where({ name: "Person 3" }).update({ slug: word });
  await knex.schema.alterTable("accounts", (table) => table.string("word", 20));
  await knex("accounts").update({ word });
  await ctx.step("without a value", ({ idempotencyKey }) => tell("without a value", idempotencyKey));
}
