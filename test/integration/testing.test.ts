import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Knex } from "knex";
import mysql from "mysql2/promise";
import { isUpgateError } from "../../src/core/errors.js";
import { type KillReport, openGate, testUpgrade, type TestUpgradeOptions } from "../../src/testing.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { type ProjectOptions, SHOP_MIGRATIONS } from "../support/project.js";
import { testFailure as failure, withTestedProject } from "../support/upgrade-trials.js";
import { install, withUpgate } from "../support/upgates.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`testUpgrade on ${kind.name}`, () => upgradeTestsOn(kind));

const killedAfter = (name = ""): KillReport => ({ at: `after ${name}`, place: { kind: "migration", after: name }, resumed: true });

const NAMES = Object.keys(SHOP_MIGRATIONS).map((file) => file.replace(".mjs", ""));

/** What release 1.0.0 left behind, as the vendor remembers it. */
const shopOf100 = async (knex: Knex, column: (table: Knex.CreateTableBuilder) => unknown = () => undefined): Promise<void> => {
  await knex.schema.createTable("products", (table) => {
    table.increments("id");
    table.string("name").notNullable();
    column(table);
  });
  await knex("products").insert([{ name: "Ink" }, { name: "Paper" }]);
};

function upgradeTestsOn(kind: DatabaseKind): void {
  const withProject = (more: Partial<ProjectOptions>, use: Parameters<typeof withTestedProject>[2]): Promise<void> =>
    withTestedProject(kind, more, use);

  it("passes a good project from every release, killed at every boundary, and leaves its own database alone", () =>
    withProject({}, async (project, test) => {
      await install(project.options, "1.0.0");
      const { releases } = await test({
        from: ["1.0.0", { version: "0.9.0", layDown: () => undefined }],
        seed: (knex) => knex("products").insert({ name: "from the seed" }),
      });
      assert.deepEqual(
        releases.map(({ ms: _ms, ...release }) => release),
        [
          { from: "1.0.0", migrations: NAMES.slice(1), kills: [killedAfter(NAMES[1])], differences: [] },
          {
            from: "0.9.0",
            migrations: NAMES,
            kills: [killedAfter(NAMES[0]), killedAfter(NAMES[1])],
            differences: [],
          },
        ],
      );
      await withUpgate(project.options, async ({ state, knex }) => {
        assert.deepEqual([state().kind, state().installedVersion], ["behind", "1.0.0"]);
        assert.deepEqual(await knex("products").orderBy("id").pluck("name"), ["Ink", "Paper"]);
      });
    }));

  it("really kills a process between two migrations, and goes on in another one", () =>
    withProject({}, async (project, test) => {
      const log = path.join(project.folder, "migrated.log");
      for (const name of ["0001-one", "0002-two", "0003-three"])
        project.write(
          `migrations/1.1.0/${name}.mjs`,
          `import { appendFileSync } from "node:fs";
export const up = () => appendFileSync(${JSON.stringify(log)}, "${name} " + process.pid + "\\n");`,
        );
      for (const file of ["0001-product-price", "0002-fill-prices"]) rmSync(path.join(project.folder, `migrations/1.1.0/${file}.mjs`));
      await test({ from: ["1.0.0"] });
      const lines = readFileSync(log, "utf8").trim().split("\n");
      const here = (name: string): string => `${name} ${process.pid}`;
      const undisturbed = ["0001-one", "0002-two", "0003-three"].map(here);
      const [first, second, ...rest] = lines.slice(6).filter((line) => !line.endsWith(` ${process.pid}`));
      assert.deepEqual(lines.slice(0, 6), [...undisturbed, ...undisturbed], "the fresh installation and the undisturbed upgrade");
      assert.deepEqual(lines.slice(6), [first, here("0002-two"), here("0003-three"), second, ...rest, here("0003-three")]);
      assert.match([first, second, ...rest].join(), /^0001-one (\d+),0001-one (\d+),0002-two \2$/);
    }));

  it("passes a snapshot of the vendor's, with and without a version row of its own", () =>
    withProject({}, async (_project, test) => {
      const withRow = async (knex: Knex): Promise<void> => {
        await shopOf100(knex);
        const suffix = kind.name === "SQLite" ? "" : "COLLATE utf8mb4_bin";
        const columns = "setting VARCHAR(191) NOT NULL PRIMARY KEY, value VARCHAR(255) NULL, updated_at VARCHAR(24) NULL";
        await knex.raw(`CREATE TABLE tbl_config (${columns}) ${suffix}`);
        await knex("tbl_config").insert({ setting: "version", value: "1.0.0" });
      };
      const from = [shopOf100, withRow].map((layDown) => ({ version: "1.0.0", layDown: (knex: Knex) => layDown(knex) }));
      const { releases } = await test({ kills: 0, from });
      assert.deepEqual(
        releases.map(({ migrations }) => migrations),
        [NAMES.slice(1), NAMES.slice(1)],
      );
      await assert.rejects(
        test({ kills: 0, from: [{ version: "0.9.0", layDown: withRow }] }),
        failure("from 0.9.0: layDown left the version row at 1.0.0"),
      );
    }));

  it("names table, column and index of an upgrade that ends elsewhere than a fresh installation", () =>
    withProject({}, async (_project, test) => {
      const layDown = (knex: Knex): Promise<void> =>
        shopOf100(knex, (table) => {
          table.string("sku", 20).notNullable().defaultTo("none");
          table.unique(["name"], { indexName: "products_name_old" });
        });
      await assert.rejects(
        test({ kills: 0, from: ["1.0.0", { version: "1.0.0", layDown }] }),
        failure(
          /^The upgrade to 1\.1\.0 does not pass its test:\n/,
          /from 1\.0\.0: table products, column sku: varchar\(20\) NOT NULL DEFAULT '?none'?.* after the upgrade, missing in a fresh installation/,
          "from 1.0.0: table products, index products_name_old: unique (name) after the upgrade, missing in a fresh installation",
        ),
      );
    }));

  it("names the release and the reason of an upgrade that fails, and tries the others all the same", () =>
    withProject({}, async (_project, test) => {
      const layDown = (knex: Knex): Promise<void> => shopOf100(knex, (table) => table.integer("price_cents"));
      await assert.rejects(
        test({ from: [{ version: "1.0.0", layDown }, "1.0.0", { version: "0.9.0", layDown: () => Promise.reject(new Error("no dump")) }] }),
        (error: Error) =>
          failure(
            /from 1\.0\.0: the upgrade ended as failed: The migration 1\.1\.0\/0001-product-price failed: .*duplicate column/i,
            "from 0.9.0: layDown failed: no dump",
          )(error) && error.message.split("\n").length === 3,
      );
    }));

  it("names the kill after which the rows are others", () =>
    withProject({}, async (project, test) => {
      project.write(
        "migrations/1.1.0/0002-fill-prices.mjs",
        `let count = 0;
export const up = (knex) => knex("products").update({ price_cents: ++count });`,
      );
      await assert.rejects(
        test({ from: ["1.0.0"] }),
        failure(
          "from 1.0.0: killed after 1.1.0/0001-product-price: table products: the values of price_cents after the resumed run are others",
        ),
      );
      const { releases } = await test({ from: ["1.0.0"], ignoreContents: ["products.price_cents"] });
      assert.deepEqual(releases[0]?.kills, [killedAfter("1.1.0/0001-product-price")]);
    }));

  it("counts instants of the test's own time as equal", () =>
    withProject({}, async (project, test) => {
      project.write(
        "migrations/1.1.0/0003-stamps.mjs",
        `export async function up(knex) {
  await knex.schema.createTable("stamps", (t) => { t.datetime("at"); t.string("iso"); t.bigInteger("ms"); });
  await knex("stamps").insert({ at: knex.fn.now(), iso: new Date().toISOString(), ms: Date.now() });
}`,
      );
      const { releases } = await test({ from: ["1.0.0"], kills: 1 });
      assert.deepEqual(releases[0]?.kills, [killedAfter("1.1.0/0002-fill-prices")]);
    }));

  it("says what a process said that could not be killed", () =>
    withProject({}, async (project, test) => {
      project.write("upgate.config.mjs", `throw new Error("no such environment");`);
      await assert.rejects(
        test({ from: ["1.0.0"] }),
        failure(/killed after .*: the process to be killed ended by itself.*no such environment/s),
      );
      await assert.rejects(
        test({ from: ["1.0.0"], execArgv: ["--import", "./no-such-loader.mjs"] }),
        failure(/ended by itself.*no-such-loader/s),
      );
    }));

  it("refuses a release that no migration belongs to, and options that make no sense", () =>
    withProject({}, async (project, test) => {
      await assert.rejects(test({ kills: 0, from: ["0.5.0"] }), failure("from 0.5.0: no migration belongs to it or an earlier release"));
      const { configFile: _file, ...config } = project.options;
      const wrong = { config, from: ["2.0.0", "one"], kill: 3, killAt: "every-row", kills: -1 } as unknown as TestUpgradeOptions;
      await assert.rejects(testUpgrade(wrong), (error: Error) => {
        assert.ok(isUpgateError(error, "ERR_UPGATE_OPTIONS"), String(error));
        assert.deepEqual(
          error.problems.map((problem) => problem.path),
          ["kill", "from[0]", "from[1]", "killAt", "kills", "config"],
        );
        assert.match(error.message, /did you mean "kills"[^]*later than the code version 1\.1\.0[^]*has no configFile/);
        return true;
      });
    }));

  it("goes on from what knex's own migrator has recorded, in one folder", () =>
    withProject({ migrations: {} }, async (project, test) => {
      const names = ["001_products", "002_product_price", "003_fill_prices"];
      Object.values(SHOP_MIGRATIONS).forEach((text, index) => project.write(`migrations/${names[index]}.mjs`, text));
      await assert.rejects(test({ kills: 0, from: ["1.0.0"] }), failure("from 1.0.0: no migration belongs to it or an earlier release"));
      const layDown = (knex: Knex): Promise<void> => shopOf100(knex);
      await assert.rejects(
        test({ kills: 0, from: [{ version: "1.0.0", layDown }] }),
        failure(/from 1\.0\.0: The migrations lie in one folder/),
      );
      const byKnex = async (knex: Knex): Promise<void> => {
        await shopOf100(knex);
        await knex.migrate.list();
        await knex("knex_migrations").insert({ name: "001_products.mjs", batch: 1, migration_time: new Date() });
      };
      const { releases } = await test({
        from: [
          { version: "1.0.0", layDown, through: "001_products" },
          { version: "1.0.0", layDown: byKnex },
        ],
      });
      for (const release of releases) {
        assert.deepEqual(release.migrations, names.slice(1));
        assert.deepEqual(release.kills, [killedAfter("002_product_price")]);
      }
    }));

  it("names the fresh installation when that fails", () =>
    withProject({}, async (project, test) => {
      project.write("migrations/1.1.0/0002-fill-prices.mjs", `export const up = (knex) => knex("no_such_table").update({ a: 1 });`);
      await assert.rejects(test({ from: ["1.0.0"] }), failure(/\n {2}the installation of 1\.1\.0 ended as failed: .*no_such_table/));
    }));

  it("works with a knex configuration, a provider of connections, two accounts, and an instance", () =>
    withProject({}, async (project) => {
      const { configFile: _file, ...config } = project.options;
      await withUpgate(project.options, async ({ knex }) => {
        const { connection, ...rest } = { ...knex.client.config, client: knex.client.constructor };
        const provided = kind.name === "SQLite" ? [] : [{ ...rest, connection: async () => connection }];
        const accounts = { app: "mysql://nobody@127.0.0.1:1/none", admin: { ...rest, connection } };
        for (const database of [knex, { ...rest, connection }, ...provided, accounts]) {
          const { releases } = await testUpgrade({ config: { ...config, database }, from: ["1.0.0"], kills: 0 });
          assert.deepEqual(releases[0]?.migrations, NAMES.slice(1));
        }
      });
    }));

  if (kind.name !== "SQLite")
    it("says what an account that may not create databases needs, and works once it has it", () =>
      withProject({}, async (project) => {
        const address = new URL(String(project.options.database));
        const account = `'upgate_${process.pid}'@'%'`;
        const asRoot = async (...statements: string[]): Promise<void> => {
          const connection = await mysql.createConnection(address.href);
          for (const statement of statements) await connection.query(statement);
          await connection.end();
        };
        const { configFile: _file, ...config } = project.options;
        const database = openGate({
          database: `mysql://upgate_${process.pid}:a%20secret@${address.host}${address.pathname}`,
        }).knex;
        const test = (options: Partial<TestUpgradeOptions> = {}) =>
          testUpgrade({ config: { ...config, database }, from: ["1.0.0"], kills: 0, ...options });
        await asRoot(`CREATE USER ${account} IDENTIFIED BY 'a secret'`, `GRANT ALL ON \`${address.pathname.slice(1)}\`.* TO ${account}`);
        try {
          await assert.rejects(
            test(),
            (error) =>
              isUpgateError(error, "ERR_UPGATE_DATABASE") && /Access denied/.test(error.message) && /GRANT ALL ON/.test(error.remedy),
          );
          address.pathname = "/";
          assert.equal((await test({ database: address.href })).releases.length, 1, "by another account");
          address.pathname = "/mysql";
          await asRoot(`GRANT ALL ON \`upgate\\_test\\_%\`.* TO ${account}`);
          assert.equal((await test()).releases.length, 1, "with a password that knex hides");
        } finally {
          await database.destroy();
          await asRoot(`DROP USER ${account}`);
        }
      }));
}
