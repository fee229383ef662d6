import assert from "node:assert/strict";
import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { UpgateOptions } from "../../src/index.js";
import { isUpgateError } from "../../src/core/errors.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import type { PageClient } from "../support/hosting.js";
import { hostApplication, listening, PageClient as Client } from "../support/hosting.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the vendor's install folder on ${kind.name}`, () => folderOn(kind));

interface Scene {
  readonly client: PageClient;
  readonly project: TestProject;
  readonly folder: string;
  readonly health: () => Promise<{
    badge: { severity: string; hint: string | null };
    checks: { id: string; severity: string; message: string }[];
  }>;
  readonly audited: () => Promise<string[]>;
}

function folderOn(kind: DatabaseKind): void {
  /** Done with the upgrade, at the last page. */
  async function scene(play: (scene: Scene) => Promise<void>): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS });
    const folder = path.join(project.folder, "install");
    mkdirSync(path.join(folder, "sql"), { recursive: true });
    writeFileSync(path.join(folder, "sql", "setup.sql"), "CREATE TABLE a;");
    const options: UpgateOptions = { ...project.options, installDir: folder };
    await install(project.options, "1.0.0");
    await withUpgate(options, async (upgate) =>
      listening(hostApplication(upgate), async (base) => {
        const client = new Client(base);
        await client.signIn(INSTALL_KEY);
        await (
          await upgate.upgrader.start({ where: "here" })
        ).finished;
        await until("the done page", async () => (await client.get("/install")).location === "install/done");
        await play({
          client,
          project,
          folder,
          health: async () =>
            (await (await fetch(`${base}/admin/system-health?format=json`)).json()) as Awaited<ReturnType<Scene["health"]>>,
          audited: async () => (await upgate.knex("upgate_audit").where({ event: "remove-folder" })).map(({ detail }) => detail),
        });
      }),
    );
    project.remove();
  }

  it("is warned of while it is there, and removed by its button", () =>
    scene(async ({ client, folder, project, health, audited }) => {
      const outside = project.write("kept/file.txt", "kept");
      symlinkSync(path.dirname(outside), path.join(folder, "link"));
      const before = await health();
      assert.deepEqual([before.badge.severity, before.badge.hint], ["warning", "The install folder “install” is still there. Remove it."]);
      assert.equal(before.checks.find(({ id }) => id === "install-folder")?.severity, "warning");
      assert.match((await client.get("/admin")).text, /upgate-badge__hint/);

      assert.match((await client.get("/install/done")).text, /Remove the Install Folder/);
      const answer = await client.post("/install/remove-folder");
      assert.deepEqual([answer.status, answer.location], [303, "done"]);
      assert.equal(existsSync(folder), false);
      assert.equal(existsSync(outside), true, "a link in it is removed, not followed");
      assert.deepEqual(await audited(), ["install"]);
      assert.doesNotMatch((await client.get("/install/done")).text, /Remove the Install Folder/);
      const { badge, checks } = await health();
      assert.deepEqual([badge.severity, badge.hint, checks.find(({ id }) => id === "install-folder")?.severity], ["ok", null, "ok"]);
      assert.equal((await client.post("/install/remove-folder")).status, 303, "pressed twice");
    }));

  it("is left alone where it is a link", () =>
    scene(async ({ client, folder, project, audited }) => {
      const real = path.join(project.folder, "elsewhere");
      renameSync(folder, real);
      symlinkSync(real, folder);
      await client.get("/install/done");
      const refused = await client.post("/install/remove-folder");
      assert.equal(refused.status, 409);
      assert.match(refused.text, /is not removed: it is a link/);
      assert.equal(existsSync(path.join(real, "sql", "setup.sql")), true);
      assert.deepEqual(await audited(), []);
    }));

  it("is left alone before the upgrade is done", async () => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS });
    const folder = path.dirname(project.write("install/setup.sql", ""));
    const options: UpgateOptions = { ...project.options, installDir: folder };
    await install(project.options, "1.0.0");
    await withUpgate(options, async (upgate) =>
      listening(hostApplication(upgate), async (base) => {
        const client = new Client(base);
        await client.signIn(INSTALL_KEY);
        await client.get("/install/review");
        assert.equal((await client.post("/install/remove-folder")).status, 409);
        assert.equal(existsSync(folder), true);
      }),
    );
    project.remove();
  });

  if (kind.name === "SQLite")
    it("is refused by the options where it holds what the application needs, or lies outside", () => {
      const project = createProject("sqlite:./data/shop.db", { migrations: SHOP_MIGRATIONS });
      const problem = (installDir: string): string | undefined => {
        try {
          resolveSettings({ ...project.options, installDir });
          return undefined;
        } catch (error) {
          assert.ok(isUpgateError(error, "ERR_UPGATE_OPTIONS"));
          return error.problems.map(({ path: name, message }) => `${name} ${message}`).join("; ");
        }
      };
      assert.equal(problem("./install"), undefined, "it need not be there");
      for (const folder of [".", "..", "/", "./install/../.."]) assert.match(problem(folder) ?? "", /^installDir must be a folder inside/);
      for (const folder of ["./migrations", "./data", "upgate.config.mjs"])
        assert.match(problem(folder) ?? "", /^installDir must not hold/);
      for (const folder of ["./data/backups", "./migrations/1.0.0"]) assert.match(problem(folder) ?? "", /^installDir must not be a part/);
      project.remove();
    });
}
