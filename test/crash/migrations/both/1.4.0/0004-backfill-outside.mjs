import { appendFileSync } from "node:fs";

export const config = { transaction: false };

export async function up(knex, ctx) {
  await knex.schema.alterTable("people", (table) => table.integer("score").notNullable().defaultTo(0));
  await ctx.backfill({ table: "people", batch: 13, update: { score: knex.raw("score + gross + 1") } });
  await ctx.step("tell the others", ({ idempotencyKey }) =>
    appendFileSync(process.env.UPGATE_CRASH_LOG, `${JSON.stringify({ pid: process.pid, step: "tell the others", key: idempotencyKey })}\n`),
  );
  await knex("people").update({ score: knex.raw("score + 1") });
}
