import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Knex } from "knex";
import { backfill, type BackfillProgress } from "../../src/index.js";
import { connectHost, databaseSource } from "../../src/store/connect.js";
import { listTables } from "../../src/store/tables.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { killBackfill } from "../support/killed-backfill.js";
import { IDS, type Made, shopsOn } from "../support/shops.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`a backfill on ${kind.name}`, () => backfillOn(kind));

function backfillOn(kind: DatabaseKind): void {
  const isServer = kind.name !== "SQLite";
  const { withDatabase, withShops, withIds, counts, plusOne } = shopsOn(kind);

  describe("changes every row once", () => {
    for (const batch of [1, 7, 250, 499, 500, 501, 100_000])
      it(`with gaps in the keys, ${batch} rows at first`, () =>
        withIds(async (knex) => {
          const { rows, batches } = await backfill(knex, { ...plusOne(knex), batch });
          assert.equal(rows, IDS.length);
          assert.ok(batches >= 1 && batches <= IDS.length, String(batches));
          assert.deepEqual(await counts(knex), { 1: IDS.length });
        }));

    it("as a single UPDATE would", () =>
      withIds(async (knex) => {
        const change = { n: knex.raw("id * 2 + n") };
        await backfill(knex, { ...plusOne(knex), update: change });
        const ours = await knex("shops").orderBy("id");
        await knex("shops").update({ n: 0 });
        await knex("shops").update(change);
        assert.deepEqual(ours, await knex("shops").orderBy("id"));
      }));

    it("of an empty table: none", () =>
      withShops(
        (table) => table.increments("id"),
        [],
        async (knex) => assert.deepEqual(await backfill(knex, plusOne(knex)), { rows: 0, batches: 0 }),
      ));

    it("of those that where leaves, whatever it combines, and though the change takes them out of it", () =>
      withIds(async (knex) => {
        const chosen = IDS.filter((id) => id < 100 || id % 5 === 0);
        const where = (query: Knex.QueryBuilder): void =>
          void query.where("n", 0).where((of) => of.where("id", "<", 100).orWhereRaw("id % 5 = 0"));
        assert.equal((await backfill(knex, { ...plusOne(knex), where })).rows, chosen.length);
        assert.deepEqual(await counts(knex), { 0: IDS.length - chosen.length, 1: chosen.length });
        assert.deepEqual(await backfill(knex, { ...plusOne(knex), where: (query) => void query.where("n", 7).orWhere("n", 8) }), {
          rows: 0,
          batches: 0,
        });
      }));

    const STRINGS = [
      "",
      "an",
      "B",
      "c",
      "D",
      "ä",
      "z",
      "Ö",
      "straße",
      "_",
      "Z-1",
      "z-10",
      "z-2",
      "日本",
      "🙂",
      "it's",
      "back\\slash",
      "a b",
      "%",
    ];
    it("in the order of a collation", () =>
      withShops(
        (table) =>
          table
            .string("code", 40)
            .notNullable()
            .unique()
            .collate(isServer ? "utf8mb4_unicode_520_ci" : "NOCASE"),
        STRINGS.map((code) => ({ code })),
        async (knex) => {
          assert.equal((await backfill(knex, { ...plusOne(knex), key: "code", batch: 1 })).rows, STRINGS.length);
          assert.deepEqual(await counts(knex), { 1: STRINGS.length });
        },
      ));

    it("by UUIDs", () => {
      const ids = IDS.map(
        (id) => `${(id * 7919 + 1_000_000).toString(16).padStart(8, "0")}-0000-4000-8000-${String(id + 50).padStart(12, "0")}`,
      );
      return withShops(
        (table) => (kind.name === "MariaDB" ? table.specificType("id", "uuid not null primary key") : table.uuid("id").primary()),
        ids.map((id) => ({ id })),
        async (knex) => {
          await backfill(knex, plusOne(knex));
          assert.deepEqual(await counts(knex), { 1: ids.length });
        },
      );
    });

    const BIG = [
      -(2n ** 62n),
      -(2n ** 53n) - 1n,
      -(2n ** 53n),
      0n,
      2n ** 53n - 1n,
      2n ** 53n,
      2n ** 53n + 1n,
      2n ** 53n + 2n,
      2n ** 62n + 1n,
      2n ** 63n - 1n,
    ];
    for (const size of [1, 3])
      it(`by whole numbers beyond 2^53, ${size} at first`, () =>
        withShops(
          (table) => table.specificType("id", "bigint not null primary key"),
          [],
          async (knex) => {
            for (const id of BIG) await knex.raw(`insert into shops (id) values (${id})`);
            const seen: unknown[] = [];
            await backfill(knex, {
              ...plusOne(knex),
              batch: size,
              update: async (rows, query) => {
                seen.push(...rows.map((row) => row["id"]));
                for (const { id } of rows) await query(knex("shops").where({ id }).increment("n"));
              },
            });
            assert.deepEqual(seen.map(String), BIG.map(String));
            assert.equal(seen[3], 0);
            await backfill(knex, { ...plusOne(knex), batch: size });
            assert.deepEqual(await counts(knex), { 2: BIG.length });
          },
        ));

    if (isServer)
      it("by unsigned whole numbers up to 2^64", () =>
        withShops(
          (table) => table.specificType("id", "bigint unsigned not null primary key"),
          [],
          async (knex) => {
            for (let less = 1n; less <= 9n; less += 1n) await knex.raw(`insert into shops (id) values (${2n ** 64n - less})`);
            await backfill(knex, { ...plusOne(knex), batch: 2 });
            assert.deepEqual(await counts(knex), { 1: 9 });
          },
        ));

    it("by a function that gets the rows in the key's order, with the columns asked for", () =>
      withShops(
        (table) => table.increments("id") && table.string("name") && table.string("slug"),
        Array.from({ length: 100 }, (_, index) => ({ name: `Shop ${index}` })),
        async (knex) => {
          const given: object[] = [];
          const result = await backfill(knex, {
            ...plusOne(knex),
            columns: ["name"],
            update: async (rows, query) => {
              given.push(...rows);
              for (const { id, name } of rows)
                await query(
                  knex("shops")
                    .where({ id })
                    .update({ slug: String(name).toLowerCase() }),
                );
              const found = await query(knex("shops").whereNotNull("slug").select("id"));
              assert.equal((found as object[]).length, given.length);
            },
          });
          assert.equal(result.rows, 100);
          assert.deepEqual(
            given,
            Array.from({ length: 100 }, (_, index) => ({ id: index + 1, name: `Shop ${index}` })),
          );
          assert.equal((await knex("shops").whereRaw("slug = lower(name)")).length, 100);
        },
      ));

    it("through a knex that writes names in its own way", () =>
      withDatabase(
        async (knex) => {
          await knex.schema.createTable("bigShops", (table) => void (table.increments("shopId"), table.integer("madeAt")));
          await knex("bigShops").insert(Array.from({ length: 20 }, () => ({ madeAt: 0 })));
          const update = async (
            rows: readonly Record<string, unknown>[],
            query: (sent: Knex.QueryBuilder) => Promise<unknown>,
          ): Promise<void> => {
            for (const { shopId } of rows) await query(knex("bigShops").where({ shopId }).increment("madeAt"));
          };
          await backfill(knex, { table: "bigShops", key: "shopId", batch: 3, columns: ["madeAt"], update });
          await backfill(knex, { table: "bigShops", key: "shopId", batch: 3, update: { madeAt: knex.raw("made_at + 1") } });
          assert.equal((await knex("bigShops").where({ madeAt: 2 })).length, 20);
        },
        {
          wrapIdentifier: (name, wrap) => wrap(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
          postProcessResponse: (result: unknown) =>
            Array.isArray(result)
              ? result.map((row: object | null) =>
                  Object.fromEntries(
                    Object.entries(row ?? {}).map(([name, value]) => [
                      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
                      value,
                    ]),
                  ),
                )
              : result,
        },
      ));
  });

  it("tells its progress: rows counted at the beginning, the key it came to, the next batch's size", () =>
    withIds(async (knex) => {
      const told: BackfillProgress[] = [];
      await backfill(knex, { ...plusOne(knex), onProgress: (progress) => told.push(progress) });
      assert.deepEqual([told[0]?.cursor, told[0]?.rows, told[0]?.batches, told[0]?.total], [IDS[6], 7, 1, IDS.length]);
      assert.deepEqual(told.at(-1), { ...told.at(-1), cursor: IDS.at(-1), rows: 500, total: 500, finished: true, batches: told.length });
      for (const [index, { batch, rows }] of told.entries()) {
        assert.ok(batch >= 1 && batch <= 100_000, String(batch));
        assert.ok(rows > (told[index - 1]?.rows ?? 0));
      }
    }));

  it("goes on where its process was killed, every row exactly once", () =>
    withIds(async (knex, address) => {
      for (const at of [
        { batches: 0, point: "within" },
        { batches: 2, point: "committed" },
        { batches: 1, point: "within" },
      ] as const)
        await killBackfill(address, "shops", at);
      const killed = await counts(knex);
      assert.ok((killed[0] ?? 0) > 0 && (killed[1] ?? 0) > 0, JSON.stringify(killed));
      const told: BackfillProgress[] = [];
      const { rows, batches } = await backfill(knex, { ...plusOne(knex), name: "killed", onProgress: (progress) => told.push(progress) });
      assert.ok((told[0]?.rows ?? 0) > (killed[1] ?? 0), "the rows of the killed processes count");
      assert.equal(rows, IDS.length);
      assert.ok(batches > told.length);
      assert.deepEqual(await counts(knex), { 1: IDS.length });
      assert.deepEqual(await knex("upgate_backfill"), [], "its place is removed");
    }));

  it("stops between two batches when its signal aborts, and goes on when called again", () =>
    withIds(async (knex) => {
      const stop = new AbortController();
      const reason = new Error("enough");
      const options = { ...plusOne(knex), name: "stopped" };
      const onProgress = ({ batches }: BackfillProgress): void => void (batches === 3 && stop.abort(reason));
      await assert.rejects(backfill(knex, { ...options, signal: stop.signal, onProgress }), reason);
      const [place] = await knex("upgate_backfill");
      assert.equal((JSON.parse(place.progress) as BackfillProgress).batches, 3);
      await assert.rejects(backfill(knex, { ...options, signal: stop.signal }), reason);
      assert.equal((await backfill(knex, options)).rows, IDS.length);
      assert.deepEqual(await counts(knex), { 1: IDS.length });
    }));

  it("begins anew when it is called again after its end", () =>
    withIds(async (knex) => {
      for (const _ of [1, 2]) await backfill(knex, { ...plusOne(knex), name: "twice" });
      assert.deepEqual(await counts(knex), { 2: IDS.length });
    }));

  it("keeps the batches before the one that failed", () =>
    withIds(async (knex) => {
      let batches = 0;
      const update = async (rows: readonly object[], query: (sent: Knex.QueryBuilder) => Promise<unknown>): Promise<void> => {
        await query(
          knex("shops")
            .whereIn(
              "id",
              rows.map((row) => (row as { id: number }).id),
            )
            .increment("n"),
        );
        if (++batches === 3) throw new Error("the third");
      };
      await assert.rejects(backfill(knex, { ...plusOne(knex), name: "failing", update }), /the third/);
      const [place] = await knex("upgate_backfill");
      const { rows } = JSON.parse(place.progress) as BackfillProgress;
      assert.deepEqual(await counts(knex), { 0: IDS.length - rows, 1: rows });
    }));

  describe("is refused, and nothing is written,", () => {
    const refused = async (knex: Knex, options: object, message: RegExp): Promise<void> => {
      const before = await knex("shops").select("n");
      await assert.rejects(backfill(knex, { ...plusOne(knex), ...options }), { code: "ERR_UPGATE_MIGRATION_STEP", message });
      assert.deepEqual(await knex("shops").select("n"), before);
    };

    it("with options that are not usable: not even its own table is made", () =>
      withIds(async (knex) => {
        await refused(knex, { name: "bad", batch: 0, wehre: 1 }, /wehre is not an option.*batch must be/);
        await refused(knex, { name: "" }, /name must be a string of 1 to 191/);
        await refused(knex, { signal: {}, onProgress: 1 }, /signal must be an AbortSignal; onProgress must be a function/);
        await knex.transaction((trx) => refused(trx, {}, /must not be a transaction/));
        assert.deepEqual(await listTables(knex, isServer ? "mysql" : "sqlite"), ["shops"]);
      }));

    const KEYS: readonly [what: string, made: Made, options: object, message: RegExp][] = [
      [
        "a composite key",
        (table) => table.integer("a") && table.integer("b") && void table.primary(["a", "b"]),
        { key: "b" },
        /b is unique only together: \(a, b\)/,
      ],
      ["a column without a unique index", (table) => table.integer("id").index(), {}, /id has no unique index/],
      [
        "bytes",
        (table) => table.specificType("id", isServer ? "binary(16) primary key" : "blob primary key"),
        {},
        /of the type (?:BINARY|BLOB); a key is of/,
      ],
      ["a date", (table) => table.date("id").primary(), {}, /of the type DATE/],
      ["a column that is not there", (table) => table.integer("id").primary(), { key: "nr" }, /there is no column nr in a table shops/],
      ["a table that is not there", (table) => table.integer("id").primary(), { table: "ships" }, /there is no column id in a table ships/],
    ];
    for (const [what, made, options, message] of KEYS)
      it(`by ${what}`, () => withShops(made, [], (knex) => refused(knex, options, message)));

    if (isServer)
      it("of a table without transactions", () =>
        withShops(
          (table) => void (table.increments("id"), table.engine("MyISAM")),
          [{ id: 1 }],
          (knex) => refused(knex, {}, /its engine MyISAM has no transactions/),
        ));

    it("by a key that is null in a row", () =>
      withShops(
        (table) => table.integer("id").nullable().unique(),
        [{ id: 1 }, { id: null }],
        async (knex) => {
          await refused(knex, {}, /id is null in some rows/);
          await knex("shops").whereNull("id").delete();
          assert.equal((await backfill(knex, plusOne(knex))).rows, 1);
        },
      ));

    it("under a name that another table's backfill has", () =>
      withIds(async (knex) => {
        await knex.schema.createTable("ships", (table) => void (table.increments("id"), table.integer("n")));
        const stop = new AbortController();
        const options = { ...plusOne(knex), name: "taken" };
        await assert.rejects(backfill(knex, { ...options, signal: stop.signal, onProgress: () => stop.abort() }));
        await refused(knex, { table: "ships", name: "taken" }, /"taken" is under way on shops\.id; ships\.id needs a name of its own/);
      }));
  });

  it("run twice at once changes every row once: the second one is told", () =>
    withIds(async (knex, address) => {
      const other = connectHost(databaseSource(address, process.cwd()));
      const options = { ...plusOne(knex), name: "both" };
      let begun = (): void => undefined;
      const first = new Promise<void>((resolve) => (begun = resolve));
      try {
        const started = backfill(knex, { ...options, onProgress: begun });
        const second = first.then(() => backfill(other, options));
        const ends = await Promise.allSettled([started, second]);
        const lost = ends.filter((end) => end.status === "rejected");
        for (const { reason } of lost) assert.match(String(reason), /run by another process, too/);
        assert.ok(lost.length <= 1);
        assert.deepEqual(await counts(knex), lost.length === 1 ? { 1: IDS.length } : await counts(knex));
      } finally {
        await other.destroy();
      }
    }));
}
