import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Knex } from "knex";
import { systemClock } from "../../src/core/ports.js";
import { databaseSource } from "../../src/store/connect.js";
import { insertApplied, readHistory } from "../../src/store/history.js";
import { openStore } from "../../src/store/store.js";
import { ensureTables } from "../../src/store/tables.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

const VERSION_ROW = { table: "tbl_config", keyColumn: "setting", key: "version", valueColumn: "value" };

for (const kind of kinds) describe(`the history, on ${kind.name}`, () => historyOn(kind));

function historyOn(kind: DatabaseKind): void {
  async function history(): Promise<Knex> {
    const { address } = await kind.create();
    const store = openStore(databaseSource(address, process.cwd()), VERSION_ROW, systemClock);
    after(() => store.close());
    await ensureTables(store);
    return store.knex;
  }
  const entry = (name: string, second = 0) => {
    const at = `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`;
    return { name, version: "1.0.0", sha256: "", runId: "knex", startedAt: at, finishedAt: at };
  };
  const namesOf = async (knex: Knex): Promise<string[]> => (await readHistory(knex)).map(({ name }) => name);

  it("is in the order of the starts, those of one moment by name", async () => {
    const knex = await history();
    await insertApplied(knex, [entry("a", 2), entry("d", 1), entry("c"), entry("B", 1)]);
    assert.deepEqual(await namesOf(knex), ["c", "B", "d", "a"]);
  });

  it("takes over any number of migrations, and keeps what it has", async () => {
    const knex = await history();
    const names = Array.from({ length: 1234 }, (_, index) => `1.0.0/${String(index).padStart(4, "0")}-change`);
    await insertApplied(knex, [{ ...entry(names[700] as string), sha256: "kept" }]);
    await insertApplied(
      knex,
      names.map((name) => entry(name)),
    );
    assert.deepEqual(await namesOf(knex), names);
    assert.equal((await readHistory(knex))[700]?.sha256, "kept");
    await insertApplied(knex, []);
    assert.equal((await readHistory(knex)).length, names.length);
  });
}
