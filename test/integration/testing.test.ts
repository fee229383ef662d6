import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import os from "node:os";
import { after, describe, it } from "node:test";
import type { Knex } from "knex";
import mysql from "mysql2/promise";
import { isUpgateError } from "../../src/core/errors.js";
import { testUpgrade, type TestUpgradeOptions } from "../../src/testing.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, type ProjectOptions, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`testUpgrade on ${kind.name}`, () => upgradeTestsOn(kind));

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
  const withProject = async (
    more: Partial<ProjectOptions>,
    use: (project: TestProject, test: (options: Omit<TestUpgradeOptions, "config">) => ReturnType<typeof testUpgrade>) => Promise<void>,
  ): Promise<void> => {
    const { address, drop } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS, ...more });
    const before = await scratches(address);
    try {
      await use(project, (options) => testUpgrade({ config: project.options, ...options }));
    } finally {
      assert.deepEqual(await scratches(address), before, "scratch databases and files are gone");
      project.remove();
      await drop();
    }
  };
  const failure = (...lines: (string | RegExp)[]): ((error: unknown) => boolean) => {
    return (error) => {
      assert.ok(isUpgateError(error, "ERR_UPGATE_TEST_FAILED"), String(error));
      for (const line of lines) {
        if (typeof line === "string") assert.ok(error.message.includes(line), `${line}\n  in\n${error.message}`);
        else assert.match(error.message, line);
      }
      return true;
    };
  };

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
          { from: "1.0.0", migrations: NAMES.slice(1), kills: [{ after: NAMES[1], resumed: true }], differences: [] },
          {
            from: "0.9.0",
            migrations: NAMES,
            kills: [
              { after: NAMES[0], resumed: true },
              { after: NAMES[1], resumed: true },
            ],
            differences: [],
          },
        ],
      );
      await withUpgate(project.options, async ({ state, knex }) => {
        assert.deepEqual([state().kind, state().installedVersion], ["behind", "1.0.0"]);
        assert.deepEqual(await knex("products").orderBy("id").pluck("name"), ["Ink", "Paper"]);
      });
    }));

  it("passes a snapshot of the vendor's, with and without a version row of its own", () =>
    withProject({}, async (_project, test) => {
      const withRow = async (knex: Knex): Promise<void> => {
        await shopOf100(knex);
        await knex.schema.createTable("tbl_config", (table) => {
          table.string("setting", 191).notNullable().primary();
          table.string("value").nullable();
          table.string("updated_at", 24).nullable();
        });
        await knex("tbl_config").insert({ setting: "version", value: "1.0.0" });
      };
      const { releases } = await test({ kills: 0, from: [{ version: "1.0.0", layDown: (knex) => shopOf100(knex) }] });
      assert.deepEqual(releases[0]?.migrations, NAMES.slice(1));
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
export const up = (knex) => knex("products").update({ price_cents: process.env.UPGATE_TEST_RESUMED ?? ++count });`,
      );
      await assert.rejects(
        test({ from: ["1.0.0"] }),
        failure(
          "from 1.0.0: killed after 1.1.0/0001-product-price: table products: the values of price_cents after the resumed run are others",
        ),
      );
      const { releases } = await test({ from: ["1.0.0"], ignoreContents: ["products.price_cents"] });
      assert.deepEqual(releases[0]?.kills, [{ after: "1.1.0/0001-product-price", resumed: true }]);
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
      assert.deepEqual(releases[0]?.kills, [{ after: "1.1.0/0002-fill-prices", resumed: true }]);
    }));

  it("says what a process said that could not be killed", () =>
    withProject({}, async (project, test) => {
      project.write("upgate.config.mjs", `throw new Error("no such environment");`);
      await assert.rejects(
        test({ from: ["1.0.0"] }),
        failure(/killed after .*: the process to be killed ended by itself.*no such environment/s),
      );
    }));

  it("works with a knex configuration and with an instance, whose password is hidden", () =>
    withProject({}, async (project, test) => {
      void test;
      const { configFile: _file, ...config } = project.options;
      await withUpgate(project.options, async ({ knex }) => {
        for (const database of [knex, { ...knex.client.config, client: knex.client.constructor }]) {
          const { releases } = await testUpgrade({ config: { ...config, database }, from: ["1.0.0"], kills: 0 });
          assert.deepEqual(releases[0]?.migrations, NAMES.slice(1));
        }
      });
    }));

  it("finds views, triggers and foreign keys", () =>
    withProject({}, async (project, test) => {
      project.write(
        "migrations/1.1.0/0003-parts.mjs",
        `export async function up(knex) {
  await knex.schema.createTable("prices", (t) => { t.integer("product").unsigned().references("id").inTable("products").onDelete("CASCADE"); });
  await knex.schema.createView("cheap", (v) => v.as(knex("products").where("price_cents", "<", 5)));
  const body = "UPDATE products SET name = 'x' WHERE id = 0";
  await knex.raw(knex.client.config.client.name?.includes("ql") || true ? "CREATE TRIGGER noted AFTER INSERT ON prices FOR EACH ROW BEGIN " + body + "; END" : "");
}`,
      );
      const layDown = (knex: Knex): Promise<void> => shopOf100(knex);
      const { releases } = await test({ from: ["1.0.0", { version: "1.0.0", layDown }] });
      assert.equal(releases.length, 2);
    }));
}

/** Scratch databases on the server, and folders of this machine's tests. */
async function scratches(address: string): Promise<string[]> {
  const folders = readdirSync(os.tmpdir()).filter((name) => name.startsWith("upgate-test-"));
  if (address.startsWith("sqlite:")) return folders;
  const connection = await mysql.createConnection(address);
  const [rows] = await connection.query("SHOW DATABASES LIKE 'upgate\\_test\\_%'");
  await connection.end();
  return [...folders, ...(rows as object[]).map((row) => String(Object.values(row)[0]))].toSorted();
}
