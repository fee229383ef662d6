import assert from "node:assert/strict";
import { after, describe, it, type TestContext } from "node:test";
import type { Knex } from "knex";
import { connectHost, databaseSource } from "../../src/store/connect.js";
import { gateKnex, type QueryGate } from "../../src/store/query-gate.js";
import { databaseKinds } from "../support/databases.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

const CLOSED = /the gate is closed/;

/** A gate that a test opens and closes. */
class TestGate implements QueryGate {
  open = true;
  readonly seen: object[] = [];
  readonly gone: object[] = [];
  readonly told: unknown[] = [];
  refuseConnections = false;

  constructor(private readonly asks: boolean) {}

  isOpen(): boolean {
    return this.open;
  }

  async admit(): Promise<void> {
    throw new Error("the gate is closed");
  }

  async connected(connection: object, ask: Parameters<QueryGate["connected"]>[1]): Promise<void> {
    this.seen.push(connection);
    if (this.asks) this.told.push(await ask("SELECT 7 AS seven"));
    if (this.refuseConnections) throw new Error("the gate is closed");
  }

  disconnected(connection: object): void {
    this.gone.push(connection);
  }
}

for (const kind of kinds)
  describe(`the gate of a knex, on ${kind.name}`, () => {
    async function stage(t: TestContext) {
      const { address } = await kind.create();
      const source = databaseSource(address, process.cwd());
      const [knex, other] = [connectHost(source), connectHost(source)];
      t.after(() => Promise.all([knex.destroy(), other.destroy()]));
      await other.schema.createTable("notes", (table) => {
        table.increments("id");
        table.string("text", 100);
      });
      const gate = new TestGate(kind.name !== "SQLite");
      const pool = gateKnex(knex, gate);
      const texts = async (): Promise<string[]> => (await other("notes").orderBy("id").pluck("text")) as string[];
      const insert = async (on: Knex, text: string): Promise<void> => void (await on("notes").insert({ text }));
      return { knex, other, gate, pool, texts, insert };
    }

    it("lets statements pass while it is open, and refuses them while it is closed", async (t) => {
      const { knex, gate, texts, insert } = await stage(t);
      await insert(knex, "one");
      gate.open = false;
      await assert.rejects(insert(knex, "two"), CLOSED);
      await assert.rejects(knex.raw("insert into notes (text) values ('two')"), CLOSED);
      await assert.rejects(
        knex.schema.createTable("more", (table) => table.increments()),
        CLOSED,
      );
      await assert.rejects(
        knex.transaction((trx) => insert(trx, "two")),
        CLOSED,
      );
      gate.open = true;
      await insert(knex, "three");
      assert.deepEqual(await texts(), ["one", "three"]);
    });

    it("leaves other instances alone", async (t) => {
      const { other, gate, texts, insert } = await stage(t);
      gate.open = false;
      await insert(other, "other");
      assert.deepEqual(await texts(), ["other"]);
    });

    it("rolls a transaction back that it closed in the middle of, and its connection is free again", async (t) => {
      const { knex, gate, texts, insert } = await stage(t);
      await assert.rejects(
        knex.transaction(async (trx) => {
          await insert(trx, "one");
          gate.open = false;
          await insert(trx, "two");
        }),
        CLOSED,
      );
      gate.open = true;
      await insert(knex, "three");
      assert.deepEqual(await texts(), ["three"]);
    });

    it("turns a commit that comes too late into a rollback, and says so", async (t) => {
      const { knex, gate, texts, insert } = await stage(t);
      await assert.rejects(
        knex.transaction(async (trx) => {
          await insert(trx, "one");
          gate.open = false;
        }),
        CLOSED,
      );
      gate.open = true;
      const late = await knex.transaction();
      await insert(late, "two");
      gate.open = false;
      await assert.rejects(Promise.all([late.commit(), late.executionPromise]), CLOSED);
      gate.open = true;
      await insert(knex, "three");
      assert.deepEqual(await texts(), ["three"]);
    });

    it("holds for savepoints and for clients with user parameters", async (t) => {
      const { knex, gate, texts, insert } = await stage(t);
      const named = knex.withUserParams({ tenant: 1 });
      await insert(named, "one");
      await knex.transaction(async (trx) => {
        await insert(trx, "two");
        await trx.transaction((inner) => insert(inner, "three"));
      });
      gate.open = false;
      await assert.rejects(insert(named, "four"), CLOSED);
      assert.deepEqual(await texts(), ["one", "two", "three"]);
    });

    it("holds for streams", async (t) => {
      const { knex, gate, insert } = await stage(t);
      await insert(knex, "one");
      const rows = async (): Promise<unknown[]> => {
        const found: unknown[] = [];
        for await (const row of knex("notes").select("text").stream()) found.push(row);
        return found;
      };
      assert.equal((await rows()).length, 1);
      gate.open = false;
      await assert.rejects(rows(), CLOSED);
    });

    it("is asked before a connection's first statement, and told when the connection has gone", async (t) => {
      const { knex, gate, insert } = await stage(t);
      await insert(knex, "one");
      await insert(knex, "two");
      assert.equal(gate.seen.length, 1);
      if (kind.name !== "SQLite") assert.deepEqual(gate.told, [{ seven: 7 }]);
      await knex.destroy();
      assert.deepEqual(gate.gone, gate.seen);
    });

    it("sends nothing on a connection that it refuses", async (t) => {
      const { knex, gate, texts, insert } = await stage(t);
      gate.refuseConnections = true;
      await assert.rejects(insert(knex, "one"), CLOSED);
      await assert.rejects(insert(knex, "one"), CLOSED);
      gate.refuseConnections = false;
      await insert(knex, "two");
      assert.deepEqual(await texts(), ["two"]);
    });

    if (kind.name !== "SQLite")
      it("cuts what is under way, and the pool recovers", async (t) => {
        const { knex, gate, pool, texts, insert } = await stage(t);
        const trx = await knex.transaction();
        await insert(trx, "one");
        const slow = knex.raw("select sleep(30)");
        const over = assert.rejects(slow, /closed|destroyed|lost/i);
        const sleeping = (async () => {
          for (;;) {
            const [[row]] = (await knex.raw(
              "select count(*) as n from information_schema.processlist where info like 'select sleep%'",
            )) as [[{ n: number }]];
            if (Number(row.n) === 1) return;
          }
        })();
        await sleeping;
        pool.cut();
        await over;
        await assert.rejects(insert(trx, "two"));
        await trx.rollback().catch(() => undefined);
        assert.ok(gate.gone.length >= 2);
        await insert(knex, "three");
        assert.deepEqual(await texts(), ["three"]);
      });
  });
