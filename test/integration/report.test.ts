import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Upgate, UpgateOptions } from "../../src/index.js";
import { runCli, runCliJson } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the report on ${kind.name}`, () => reportOn(kind));

/** Of a row, of a value that is bound, of one that is written into the text, of a log line; and of the options. */
const ROW = "planted.row@example.com";
const BOUND = "planted bound value";
const LITERAL = "planted literal value";
const LOGGED = "planted log line";
const WEBHOOK_SECRET = "planted webhook secret";
const SMTP_PASSWORD = "planted-smtp-password";
const SECRETS = [ROW, BOUND, LITERAL, LOGGED, WEBHOOK_SECRET, SMTP_PASSWORD, INSTALL_KEY];

const MIGRATIONS = {
  ...SHOP_MIGRATIONS,
  "1.0.0/0002-people.mjs": `export const up = async (knex) => {
  await knex.schema.createTable("people", (t) => { t.increments("id"); t.string("mail", 100); });
  await knex("people").insert([{ mail: ${JSON.stringify(ROW)} }, { mail: ${JSON.stringify(ROW)} }]);
};`,
  "1.1.0/0002-fill-prices.mjs": `export const config = { transaction: false };
export const up = async (knex, ctx) => {
  ctx.log.info(${JSON.stringify(LOGGED)});
  const [{ mail }] = await knex("people").select("mail");
  await knex("products").where({ id: 1 }).update({ name: ${JSON.stringify(BOUND)} });
  await knex.raw("update products set name = '" + ${JSON.stringify(LITERAL)} + "' where id = 2");
  await knex.schema.createTable("unique_people", (t) => { t.string("mail", 100).primary(); });
  for (let i = 0; i < 2; i++) await knex("unique_people").insert({ mail });
};`,
};

interface Report {
  readonly versions: Readonly<Record<string, string>>;
  readonly run: {
    readonly status: string;
    readonly error: { readonly migration: string; readonly statement: string; readonly message: string };
  };
  readonly statements: readonly { readonly statement: string | null }[];
  readonly checks: readonly { readonly checks: readonly { readonly id: string }[] }[];
}

function reportOn(kind: DatabaseKind): void {
  /** A run that has failed at a row. */
  async function scene(play: (parts: { upgate: Upgate; client: PageClient; project: TestProject }) => Promise<void>): Promise<void> {
    const { address } = await kind.create();
    const more: Partial<UpgateOptions> = {
      notifications: {
        webhook: { url: "http://127.0.0.1:9/", secret: WEBHOOK_SECRET },
        mail: { smtp: `smtp://ops:${SMTP_PASSWORD}@127.0.0.1:9`, from: "shop@example.com", to: "ops@example.com" },
        on: ["interrupted"],
      },
      branding: { name: "Shop", supportUrl: "https://support.example/" },
    };
    const project = createProject(address, { migrations: MIGRATIONS, more });
    const { configFile: _none, ...here } = project.options;
    await install(here, "1.0.0");
    await withUpgate(here, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here" });
      assert.equal((await run.finished).status, "failed");
      await upgate.ready();
      await listening(hostApplication(upgate), (base) => play({ upgate, client: new PageClient(base), project }));
    });
    project.remove();
  }

  function assertClean(text: string, what: string): void {
    for (const secret of SECRETS) assert.ok(!text.includes(secret), `${what} holds "${secret}":\n${text}`);
  }

  it("holds versions, plan, error, statement and checks, and nothing of credentials and rows, as JSON and as text", () =>
    scene(async ({ client, upgate }) => {
      const raw = await upgate.knex("upgate_run").where({ to_version: "1.1.0" }).first("error");
      if (kind.name !== "SQLite") assert.match(raw.error, new RegExp(ROW), "the message itself names the row");
      await client.signIn(INSTALL_KEY);
      const json = await client.get("/install/report");
      assert.match(json.headers.get("content-disposition") ?? "", /attachment; filename="upgrade-report-.*\.json"/);
      assertClean(json.text, "the JSON");
      const report = JSON.parse(json.text) as Report;
      assert.deepEqual([report.versions["code"], report.versions["installed"]], ["1.1.0", "1.0.0"]);
      assert.match(report.versions["database"] ?? "", /\d+\.\d+/);
      assert.equal(report.run.error.migration, "1.1.0/0002-fill-prices");
      assert.match(report.run.error.statement, /^insert into .unique_people. \(.mail.\) values \(\?\)$/);
      assert.ok(report.statements.some(({ statement }) => statement?.startsWith("update products set name = ?")));
      assert.ok(report.checks.flatMap(({ checks }) => checks).some(({ id }) => id === "version"));
      const text = await client.get("/install/report?format=text");
      assert.equal(text.headers.get("content-type"), "text/plain; charset=utf-8");
      assert.match(text.headers.get("content-disposition") ?? "", /\.txt"/);
      assertClean(text.text, "the text");
      for (const part of [
        /^Report of Shop/,
        /What failed/,
        /insert into/,
        /remedies, the safest first/,
        /1\.1\.0\/0001-product-price, \d+ ms/,
      ])
        assert.match(text.text, part);
      assert.equal((await client.get("/install/report?format=pdf")).status, 400);
      assert.equal((await client.get("/install/report?format=%0d%0aSet-Cookie:a")).status, 400);
    }));

  it("stands behind a page that says what failed, what stays done, and three ways out, the safest first", () =>
    scene(async ({ client }) => {
      await client.signIn(INSTALL_KEY);
      const page = await client.get("/install/failed");
      assert.equal(page.heading, "Upgrade Failed");
      assert.match(page.text, /<title>Upgrade Failed/);
      assert.match(page.text, /assets\/favicon-failed\.svg/);
      assert.match(page.text, /Several rows have the same value/);
      assert.match(page.text, /insert into .*unique_people.* values \(\?\)/);
      assert.match(page.text, /What this change had done before/);
      assert.match(page.text, /update products set name = \? where id = \?/);
      const remedies = [...page.text.matchAll(/class="remedy remedy-([\w-]+)"/g)].map(([, id]) => id);
      assert.deepEqual(remedies, ["retry", "corrected-release", "restore"]);
      assert.match(page.text, /href="report\?format=text"/);
      assert.match(page.text, /https:\/\/support\.example\//);
      for (const secret of [BOUND, LITERAL]) assert.ok(!page.text.includes(secret), secret);
    }));

  it("comes from the command line, too, of this run or another, into a file that only its owner reads", () =>
    scene(async ({ project }) => {
      const cwd = project.folder;
      const { code, stdout } = await runCli(["report"], { cwd });
      assert.equal(code, 0, stdout);
      assert.match(stdout, /What failed/);
      assertClean(stdout, "the command's text");
      const { json } = await runCliJson<Report & { run: { id: string } }>(["report"], { cwd });
      assert.equal(json.run.status, "failed");
      assertClean(JSON.stringify(json), "the command's JSON");
      const { json: past } = await runCliJson<{ runs: { id: string; toVersion: string }[] }>(["history"], { cwd });
      const first = past.runs.find(({ toVersion }) => toVersion === "1.0.0")?.id ?? "";
      const file = path.join(cwd, "report.json");
      const written = await runCli(["report", first, "--format", "json", "--output", file], { cwd });
      assert.equal(written.code, 0, written.stderr);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal((JSON.parse(readFileSync(file, "utf8")) as Report).run.status, "completed");
      const unknown = await runCli(["report", "20990101T000000-00000000"], { cwd });
      assert.equal(unknown.code, 1);
      assert.match(unknown.stderr, /ERR_UPGATE_RUN_UNKNOWN/);
    }));
}
