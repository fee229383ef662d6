import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Knex } from "knex";
import { backfill } from "../../src/index.js";
import { connectHost, databaseSource } from "../../src/store/connect.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { IDS, shopsOn } from "../support/shops.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds)
  describe(`a backfill with others at its rows on ${kind.name}`, () =>
    kind.name === "SQLite" ? conflictsInFile(kind) : conflictsOnServer(kind));

function conflictsInFile(kind: DatabaseKind): void {
  const { withIds, counts, plusOne } = shopsOn(kind);

  it("waits for another process's write lock", () =>
    withIds(async (knex, address) => {
      const other = connectHost(databaseSource(address, process.cwd()));
      try {
        await other.raw("BEGIN IMMEDIATE");
        let refusals = 0;
        knex.on("query-error", () => void (++refusals === 2 && void other.raw("COMMIT").then(() => undefined)));
        assert.equal((await backfill(knex, plusOne(knex))).rows, IDS.length);
        assert.ok(refusals >= 2);
        assert.deepEqual(await counts(knex), { 1: IDS.length });
      } finally {
        await other.destroy();
      }
    }));
}

function conflictsOnServer(kind: DatabaseKind): void {
  const { withIds, counts, plusOne } = shopsOn(kind);

  const increment = (knex: Knex, rows: readonly object[]): Knex.QueryBuilder =>
    knex("shops")
      .whereIn(
        "id",
        rows.map((row) => (row as { id: number }).id),
      )
      .increment("n");

  it("a batch that meets a deadlock is rolled back and run again, smaller", () =>
    withIds(async (knex, address) => {
      const other = connectHost(databaseSource(address, process.cwd()));
      try {
        await knex.schema.createTable("ledger", (table) => void (table.increments("id"), table.integer("n")));
        await knex("ledger").insert(Array.from({ length: 400 }, () => ({ n: 0 })));
        const trx = await other.transaction();
        // The heavier transaction survives a deadlock.
        await trx("ledger").update({ n: 1 });
        const sizes: number[] = [];
        let theirs: Promise<unknown> = Promise.resolve();
        await backfill(knex, {
          ...plusOne(knex),
          batch: 50,
          update: async (rows, query) => {
            sizes.push(rows.length);
            await query(increment(knex, rows));
            if (sizes.length > 1) return;
            theirs = (async () => {
              await trx("shops")
                .where(rows[0] as object)
                .update({ n: knex.raw("n + 100") });
              await trx.commit();
            })();
            await until("the other transaction to wait", () => isWaiting(knex));
            await query(knex("ledger").where({ id: 1 }).update({ n: 2 }));
          },
        });
        await theirs;
        assert.deepEqual(sizes.slice(0, 2), [50, 25]);
        assert.deepEqual(await counts(knex), { 1: IDS.length - 1, 101: 1 });
      } finally {
        await other.destroy();
      }
    }));

  it("a batch that waits too long for a lock is run again", () =>
    withIds(async (knex, address) => {
      const other = connectHost(databaseSource(address, process.cwd()));
      try {
        const trx = await other.transaction();
        await trx("shops").where({ id: IDS[20] }).update({ n: 100 });
        await knex.raw("SET GLOBAL innodb_lock_wait_timeout = 1");
        await knex.destroy();
        knex.initialize();
        let refusals = 0;
        knex.on("query-error", ({ errno }: { errno: number }) => {
          assert.equal(errno, 1205);
          refusals += 1;
          void trx.commit();
        });
        await backfill(knex, plusOne(knex));
        assert.equal(refusals, 1);
        assert.deepEqual(await counts(knex), { 1: IDS.length - 1, 101: 1 });
      } finally {
        await knex.raw("SET GLOBAL innodb_lock_wait_timeout = 50");
        await other.destroy();
      }
    }));
}

async function isWaiting(knex: Knex): Promise<boolean> {
  const [rows] = (await knex.raw("SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")) as [object[]];
  return rows.length > 0;
}
