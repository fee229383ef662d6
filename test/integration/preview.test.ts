import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Upgate } from "../../src/index.js";
import { describeLoss, type Loss } from "../../src/core/loss.js";
import { PlanLosses } from "../../src/core/plan-losses.js";
import { readSchema } from "../../src/store/schema.js";
import { readTableSizes } from "../../src/store/table-sizes.js";
import { runCli, runCliJson } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { createProject, INSTALL_KEY, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the review page on ${kind.name}`, () => previewOn(kind));

/** Whoever imports the file leaves a trace in its process. */
const TRACE = `globalThis.previewedMigrations = (globalThis.previewedMigrations ?? 0) + 1;\n`;

const MIGRATIONS = {
  "1.0.0/0001-products.mjs": `export const up = async (knex) => {
  await knex.schema.createTable("products", (t) => { t.increments("id"); t.string("name", 50).notNullable(); t.string("code", 20); });
  await knex("products").insert([{ name: "Ink", code: "i" }, { name: "Paper", code: "p" }]);
  await knex.schema.createTable("old_products", (t) => { t.increments("id"); t.string("name"); });
};`,
  "1.1.0/0001-tax.mjs": `${TRACE}export const title = "Products get a tax <rate>";
export const description = 'Each product had the "standard" rate until now.';
export async function up(knex) {
  await knex.schema.alterTable("products", (t) => t.integer("tax_bp"));
  await knex("products").update({ tax_bp: 1900 });
}`,
  "1.1.0/0002-tidy.mjs": `${TRACE}export const title = "Old products go";
export async function up(knex) {
  await knex.schema.dropTable("old_products");
  await knex.schema.alterTable("products", (t) => t.dropColumn("code"));
}`,
  "1.1.0/0003-names.mjs": `${TRACE}export async function up(knex) {
  if (knex.client.dialect === "mysql") await knex.raw("alter table products modify name varchar(20) not null");
  await knex("products").update({ name: knex.raw("upper(name)") });
}`,
  "1.1.0/0004-labels.mjs": `${TRACE}export async function up(knex) {
  await knex.schema.createTable("labels", (t) => t.increments("id"));
}`,
};

const NOTES = `# Changelog\n\n## [1.2.0] - 2026-12-01\n\n- not yet\n\n## [1.1.0] - 2026-11-01\n\n- tax <script>alert(1)</script>\n\n## v1.1.0-rc.1\n\n- try it\n\n## 1.0.0\n\n- old\n`;

interface Planned {
  readonly migrations: readonly { readonly name: string; readonly title: string | null; readonly losses: readonly Loss[] | null }[];
}

function previewOn(kind: DatabaseKind): void {
  const isMysql = kind.name !== "SQLite";

  async function scene(
    play: (parts: { readonly review: () => Promise<string>; readonly project: TestProject; readonly upgate: Upgate }) => Promise<void>,
  ): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: MIGRATIONS });
    const { configFile: _none, ...here } = project.options;
    try {
      await install(here, "1.0.0");
      await withUpgate({ ...here, releaseNotes: project.write("CHANGELOG.md", NOTES) }, async (upgate) =>
        listening(hostApplication(upgate), async (base) => {
          const client = new PageClient(base);
          await client.signIn(INSTALL_KEY);
          await play({ upgate, project, review: async () => (await client.get("/install/review")).text });
        }),
      );
    } finally {
      project.remove();
    }
  }

  it("shows titles and notes before a rehearsal, and says how the SQL becomes known, without running a migration", () =>
    scene(async ({ review }) => {
      const text = await review();
      assert.match(text, /<strong>Products get a tax &lt;rate&gt;<\/strong> <code>1\.1\.0\/0001-tax<\/code>/);
      assert.match(text, /Each product had the &#34;standard&#34; rate until now\./);
      assert.match(text, /<code>1\.1\.0\/0003-names<\/code>/);
      assert.match(text, /are known after a rehearsal: press <strong>Rehearse on a Copy<\/strong>/);
      assert.doesNotMatch(text, /Deletes data|preview-sql|preview-tables/);
      assert.match(text, /tax &lt;script&gt;[^]*try it/);
      assert.doesNotMatch(text, /not yet|<li>old|<script>/);
      assert.equal((globalThis as { previewedMigrations?: number }).previewedMigrations, undefined);
    }));

  it("shows after a rehearsal the SQL, the tables with their size, and what deletes data", () =>
    scene(async ({ review, project }) => {
      const { code, stdout } = await runCli(["rehearse"], { cwd: project.folder });
      assert.equal(code, 0, stdout);
      assert.match(stdout, /^1\.1\.0\/0002-tidy deletes data:\n {2}The table old_products is removed with all its rows\.$/m);
      const text = await review();
      assert.match(text, /1 change deletes data:/);
      assert.match(
        text,
        /<strong>Old products go<\/strong>: The table old_products is removed with all its rows\. The column code of products is removed with its values\./,
      );
      assert.match(text, /1 change overwrites data, or may cut it:/);
      assert.match(text, /Every row of products gets new values in name\./);
      assert.equal(/changes from varchar\(50\) to varchar\(20\)/.test(text), isMysql);
      assert.doesNotMatch(text, /_knex_temp_alter\d+<\/code>|tax_bp of products/);
      const [tax, tidy, , labels] = text.split('<li class="preview">').slice(1) as [string, string, string, string];
      assert.match(
        tax,
        isMysql
          ? /<code>products<\/code> <span class="quiet">about \d+ rows?; \d+ kB/
          : /<code>products<\/code> <span class="quiet">2 rows; \d+ kB/,
      );
      assert.match(tax, /<pre class="statement"[^>]*>alter table `products` add[^<]*tax_bp/);
      assert.match(tax, /<pre class="statement"[^>]*>update `products` set `tax_bp` = \?</);
      assert.doesNotMatch(tax, /class="loss/);
      assert.match(tidy, /class="loss loss-deletes"><svg[^]*Deletes data<\/span><pre class="statement"[^>]*>drop table `old_products`/);
      assert.match(labels, /<code>labels<\/code> <span class="quiet">not there yet</);
      assert.doesNotMatch(text, /Rehearse on a Copy/);
      assert.equal((globalThis as { previewedMigrations?: number }).previewedMigrations, undefined);
    }));

  it("counts a rehearsal only for the files that it was of", () =>
    scene(async ({ review, project }) => {
      assert.equal((await runCli(["rehearse"], { cwd: project.folder })).code, 0);
      project.write("migrations/1.1.0/0002-tidy.mjs", `export const title = "Other";\nexport const up = (knex) => knex.raw("select 1");\n`);
      const text = await review();
      assert.match(text, /Rehearsed as they are now: 3 of 4 changes\./);
      assert.doesNotMatch(text, /Deletes data/);
      assert.match(text, /Overwrites data/);
      const { json } = await runCliJson<Planned>(["plan"], { cwd: project.folder });
      assert.deepEqual(
        json.migrations.map(({ title, losses }) => [title, losses?.map((loss) => loss.kind) ?? null]),
        [
          ["Products get a tax <rate>", []],
          ["Other", null],
          [null, isMysql ? ["narrow", "overwrite"] : ["overwrite"]],
          [null, []],
        ],
      );
      const { stdout } = await runCli(["plan"], { cwd: project.folder });
      assert.match(stdout, /^ {2}1\.1\.0 {2}1\.1\.0\/0002-tidy {4}Other {22}pending$/m);
      assert.match(stdout, /^1\.1\.0\/0003-names overwrites data, or may cut it:$/m);
    }));

  it("shows what is known of a rehearsal that failed", () =>
    scene(async ({ review, project }) => {
      project.write(
        "migrations/1.1.0/0003-names.mjs",
        `export const up = async (knex) => { await knex.schema.dropTable("products"); await knex.raw("alter table nope add x int"); };\n`,
      );
      assert.equal((await runCli(["rehearse"], { cwd: project.folder })).code, 3);
      const text = await review();
      assert.match(text, /2 changes delete data:/);
      assert.match(text, /The rehearsal failed in this change\. What comes after is not known\./);
      assert.match(text, /Rehearsed as they are now: 3 of 4 changes/);
    }));

  it("takes none of the ways by which knex changes a table for a loss, but what they lose", () =>
    scene(async ({ upgate: { knex } }) => {
      const dialect = isMysql ? "mysql" : "sqlite";
      const plan = new PlanLosses(dialect, await readSchema(knex, dialect));
      let lost: string[] = [];
      knex.on("query", ({ sql }: { sql: string }) => void lost.push(...plan.note(sql).map(describeLoss)));
      const cut = (what: string): string[] =>
        isMysql ? [`The column code of products changes from varchar(40) to ${what}: what does not fit is lost.`] : [];
      const steps: readonly (readonly [step: () => PromiseLike<unknown>, losses: string[]])[] = [
        [() => knex.schema.alterTable("products", (t) => t.renameColumn("name", "title")), []],
        [() => knex.schema.alterTable("products", (t) => t.setNullable("title")), []],
        [() => knex.schema.alterTable("products", (t) => t.dropNullable("title")), []],
        [() => knex.schema.alterTable("products", (t) => t.string("code", 40).alter()), []],
        [() => knex.schema.alterTable("products", (t) => t.string("code", 30).alter()), cut("varchar(30)")],
        [() => knex.schema.alterTable("products", (t) => t.integer("tax")), []],
        [() => knex("products").update({ tax: 1 }), []],
        [() => knex.schema.alterTable("products", (t) => t.dropColumn("tax")), []],
        [() => knex.schema.renameTable("products", "goods"), []],
        [() => knex("goods").where("id", ">", 1).del(), ["The rows of goods that meet a condition are deleted."]],
        [() => knex.schema.alterTable("goods", (t) => t.dropColumn("title")), ["The column title of goods is removed with its values."]],
        [() => knex("goods").truncate(), ["All rows of goods are deleted."]],
        [() => knex.schema.dropTableIfExists("goods"), ["The table goods is removed with all its rows."]],
        [() => knex.schema.dropTableIfExists("goods"), []],
      ];
      for (const [index, [step, losses]] of steps.entries()) {
        lost = [];
        await step();
        assert.deepEqual(lost, losses, `step ${index}`);
      }
    }));

  it("measures tables, and is not kept up by names that it does not know", () =>
    scene(async ({ upgate }) => {
      const sizes = await readTableSizes(upgate.knex, isMysql ? "mysql" : "sqlite", ["products", "gone", "it's `quoted`"]);
      assert.deepEqual(
        sizes.map(({ table }) => table),
        ["products"],
      );
      assert.ok(Number(sizes[0]?.bytes) > 0);
      assert.deepEqual(await readTableSizes(upgate.knex, isMysql ? "mysql" : "sqlite", []), []);
      if (isMysql) return;
      await upgate.knex.raw(
        "insert into products (name) with recursive n (i) as (select 1 union all select i + 1 from n where i < 100001) select 'x' from n",
      );
      assert.deepEqual((await readTableSizes(upgate.knex, "sqlite", ["PRODUCTS"]))[0]?.rows, { kind: "over", count: 100_000 });
    }));
}
