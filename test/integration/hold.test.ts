import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import express from "express";
import type { UpgateOptions } from "../../src/index.js";
import { runCli } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { listening, PageClient } from "../support/hosting.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`a site that is held after its upgrade, on ${kind.name}`, () => heldOn(kind));

type Tested = Parameters<Parameters<typeof withUpgate>[1]>[0];

interface Scene {
  readonly upgate: Tested;
  readonly client: PageClient;
  readonly project: TestProject;
}

function heldOn(kind: DatabaseKind): void {
  /** A site at release 1.0.0 with the files of 1.1.0, whose application reads the database. */
  async function scene(bypass: boolean, play: (scene: Scene) => Promise<void>): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS });
    const { configFile: _none, ...options }: UpgateOptions = project.options;
    await install(options, "1.0.0");
    await withUpgate(options, async (upgate) => {
      const app = express();
      app.use(upgate.guard({ bypass }));
      app.use("/install", upgate.installer());
      app.get("/", async (_req, res) => {
        const rows: unknown[] = await upgate.gatedKnex("products");
        res.send(`open, ${rows.length} products`);
      });
      await listening(app, (base) => play({ upgate, client: new PageClient(base), project }));
    });
    project.remove();
  }

  async function upgradeByWizard({ client }: Scene, fields: Record<string, string>): Promise<void> {
    await client.signIn(INSTALL_KEY);
    await client.get("/install/review");
    await client.post("/install/review");
    assert.equal((await client.post("/install/start", { backup: "own", ...fields })).location, "progress");
    await until("the upgrade to finish", async () => (await client.get("/install/progress")).location === "done");
  }

  it("is seen by the operator alone, who opens it for everybody", () =>
    scene(true, async (parts) => {
      const { client, upgate } = parts;
      let openings = 0;
      upgate.onOpen(() => void openings++);
      await upgradeByWizard(parts, { hold: "yes" });
      assert.equal(upgate.state().kind, "held");
      const done = await client.get("/install/done");
      assert.equal(done.heading, "Upgrade Completed Successfully!");
      assert.match(done.text, /still closed to visitors/);
      assert.equal((await client.post("/install/done")).location, "./", "a held site can't be sealed");

      const visitor = new PageClient(client.base);
      assert.equal((await visitor.get("/")).headers.get("upgate-maintenance"), "Err3");
      const session = client.cookie;
      assert.equal((await client.get("/")).status, 503, "the wizard's own cookie is for the wizard");
      const looked = await client.post("/install/look");
      assert.equal(looked.location, "../");
      assert.match(looked.headers.get("set-cookie") ?? "", /^upgate_look=.*Path=\/;.*HttpOnly/);
      assert.match((await client.get("/")).text, /^open, \d+ products$/);
      const [name, value = ""] = client.cookie.split("=");
      visitor.cookie = `${name}=${value.slice(0, -4)}AAAA`;
      assert.equal((await visitor.get("/")).status, 503, "a forged cookie");
      visitor.cookie = client.cookie;
      visitor.csrf = client.csrf;
      assert.equal((await visitor.post("/install/open")).status, 403, "the look's cookie opens nothing");
      assert.equal(upgate.state().kind, "held");
      assert.equal(openings, 0, "workers wait as visitors do");

      client.cookie = session;
      assert.equal((await client.post("/install/open")).location, "done");
      assert.equal(upgate.state().kind, "current");
      assert.match((await new PageClient(client.base).get("/")).text, /^open/);
      await until("the worker to be let in", () => openings === 1);
      assert.equal((await client.post("/install/done")).status, 303);
      assert.equal((await client.get("/install")).status, 404);
    }));

  it("is not offered where the guard lets nobody look", () =>
    scene(false, async (parts) => {
      await upgradeByWizard(parts, { hold: "yes" });
      assert.equal(parts.upgate.state().kind, "current");
      assert.doesNotMatch((await parts.client.get("/install/done")).text, /Look at the Site/);
    }));

  it("is opened by the command line, and a next release does not wait for that", () =>
    scene(true, async ({ upgate, project }) => {
      const up = await runCli(["up", "--yes", "--hold"], { cwd: project.folder });
      assert.equal(up.code, 0, up.stderr);
      assert.match(up.stdout, /still closed to visitors.*upgate open/);
      await until("the held site", () => upgate.state().kind === "held");
      const status = await runCli(["status"], { cwd: project.folder });
      assert.match(status.stdout, /^held .*\n.*upgate open/);
      assert.match((await runCli(["up", "--yes"], { cwd: project.folder })).stdout, /kept closed/);

      writeFileSync(
        path.join(project.folder, "migrations/1.1.0/0009-more.mjs"),
        'export const up = (knex) => knex.schema.createTable("more", (t) => t.increments("id"));',
      );
      await until("the next migration to be seen", () => upgate.state().kind === "behind");
      const next = await runCli(["up", "--yes", "--hold"], { cwd: project.folder });
      assert.equal(next.code, 0, next.stderr);
      await until("the site to be held again", () => upgate.state().kind === "held");
      assert.equal((await upgate.knex("upgate_run").where({ active: 1 })).length, 1);

      assert.match((await runCli(["open"], { cwd: project.folder })).stdout, /The site is open/);
      await until("the open gate", () => upgate.state().kind === "current");
      assert.equal((await runCli(["open"], { cwd: project.folder })).code, 0, "it is open");
    }));
}
