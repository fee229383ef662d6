import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { createUpgate, type UpgateOptions } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`a node's beginning and end on ${kind.name}`, () => nodeLifeOn(kind));

/** Sends a statement every few milliseconds until it is stopped. */
const ENDLESS = `export const up = async (knex) => {
  for (;;) { await knex("products").insert({ name: "endless" }); await new Promise((done) => setTimeout(done, 10)); }
};`;

function nodeLifeOn(kind: DatabaseKind): void {
  async function setUp(migrations: Readonly<Record<string, string>> = SHOP_MIGRATIONS): Promise<TestProject & { here: UpgateOptions }> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations });
    const { configFile: _file, installKey: _key, ...here } = project.options;
    return { ...project, here };
  }

  it("closed at once, after the first reading, or twice, it leaves no row and says nothing of it", async () => {
    const { here, lines, remove } = await setUp();
    await createUpgate(here).close();
    for (let i = 0; i < 10; i++) {
      const upgate = createUpgate(here);
      if (i % 2 === 0) await upgate.ready();
      await Promise.all([upgate.close(), upgate.close()]);
      await upgate.close();
    }
    const odd = lines.filter((line) => !/^upgate: (?:fresh: |open \/install with the install key )/.test(line));
    assert.deepEqual(odd, []);
    await withUpgate(here, async ({ knex }) => assert.equal((await knex("upgate_node")).length, 1));
    remove();
  });

  it("closed while it binds its port, it is not bound afterwards", async () => {
    const { here, remove } = await setUp();
    const upgate = createUpgate(here);
    const serving = upgate.serve(() => () => undefined, { port: 0, host: "127.0.0.1" });
    await upgate.close();
    assert.equal((await serving).listening, false);
    remove();
  });

  it("closed in the middle of its own run, it stops that and gives the lease back: another node can go on at once", async () => {
    const { here, lines, remove, write } = await setUp({ ...SHOP_MIGRATIONS, "1.1.0/0003-endless.mjs": ENDLESS });
    await install(here, "1.0.0");
    const upgate = createUpgate(here);
    const run = await upgate.upgrader.start({ where: "here", backup: { kind: "own", address: "test" } });
    await until("the third migration", async () => (await upgate.upgrader.status()).run?.migrations[2]?.status === "running");
    await upgate.close();
    assert.deepEqual(await run.finished, { id: run.id, status: "interrupted", error: null });
    assert.deepEqual(
      lines.filter((line) => /lost|could not|acquire/.test(line)),
      [],
    );
    write("migrations/1.1.0/0003-endless.mjs", "export const up = () => {};");
    await withUpgate(here, async (next) => {
      assert.equal(next.state().kind, "interrupted");
      const { finished } = await next.upgrader.resume({ where: "here" });
      assert.equal((await finished).status, "completed");
    });
    remove();
  });

  it("says the install key that it could not write into a file: nobody else knows it", async () => {
    const { here, lines, remove, write } = await setUp();
    const dataDir = write("no-folder", "");
    await withUpgate({ ...here, dataDir }, () => until("the key", () => lines.some((line) => line.includes("install key"))));
    const said = lines.find((line) => line.includes("install key")) ?? "";
    assert.match(said, /install key (?:\w{4}-){6}\w{4} \(it could not be written into a file: /);
    remove();
  });
}
