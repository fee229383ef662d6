import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { after, describe, it } from "node:test";
import type { Upgate } from "../../src/index.js";
import type { BackupClaim } from "../../src/core/run.js";
import { runCli } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`an upgrade that is prepared on ${kind.name}`, () => preparedOn(kind));

interface Scene {
  readonly client: PageClient;
  /** The node with the new files. */
  readonly upgate: Upgate;
  /** A node that still runs the old release. */
  readonly old: Upgate;
  readonly project: TestProject;
}

function preparedOn(kind: DatabaseKind): void {
  async function scene(play: (scene: Scene) => Promise<void>): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS });
    await install(project.options, "1.0.0");
    await withUpgate({ ...project.options, version: "1.0.0" }, (old) =>
      withUpgate(project.options, (upgate) =>
        listening(hostApplication(upgate), async (base) => {
          assert.equal(old.state().kind, "current");
          const client = new PageClient(base);
          await client.signIn(INSTALL_KEY);
          await client.get("/install/review");
          await client.post("/install/review");
          await client.get("/install/backup");
          await play({ client, upgate, old, project });
        }),
      ),
    );
    project.remove();
  }

  const claimOf = async ({ knex }: Upgate): Promise<BackupClaim> =>
    JSON.parse((await knex("upgate_run").where({ to_version: "1.1.0" }).orderBy("created_at", "desc").first("backup")).backup);

  async function backUp({ client }: Scene): Promise<string> {
    assert.equal((await client.post("/install/backup", { action: "create" })).location, "progress");
    const page = await until("the backup", async () => {
      const { text } = await client.get("/install/backup");
      return /Your backup is made/.test(text) ? text : undefined;
    });
    return /name="backup" value="([^"]+)"/.exec(page)?.[1] ?? "";
  }

  it("closes every node for its backup, and keeps them closed until the upgrade is over", () =>
    scene(async (parts) => {
      const { client, upgate, old } = parts;
      const id = await backUp(parts);
      assert.equal(upgate.state().kind, "behind");
      await until(
        "the old node to know",
        () => old.state().kind === "running" && /kept closed, so that nothing is written/.test(old.state().reason),
      );
      const claim = await claimOf(upgate);
      assert.deepEqual([claim.kind, claim.made?.id, claim.made?.proof], ["made", id, "restored"]);
      const [manifest] = await upgate.knex("upgate_run").where({ to_version: "1.1.0" }).select("phase", "status");
      assert.deepEqual([manifest.status, manifest.phase], ["draft", "ready"]);

      assert.equal((await client.post("/install/start", { backup: id })).location, "progress");
      await until("the upgrade", () => upgate.state().kind === "current");
      const used = await claimOf(upgate);
      assert.deepEqual([used.kind, used.made?.id, typeof used.session], ["made", id, "string"]);
      assert.match(used.address, /127\.0\.0\.1/);
    }));

  it("is given up by upgate open: the old node opens, and that backup starts nothing any more", () =>
    scene(async (parts) => {
      const { client, old, project, upgate } = parts;
      const id = await backUp(parts);
      await until("the old node to know", () => old.state().kind === "running");
      await upgate.upgrader.open();
      await until("the old node to open", () => old.state().kind === "current");
      await client.get("/install/review");
      await client.post("/install/review");
      const late = await client.post("/install/start", { backup: id });
      assert.equal(late.status, 409);
      assert.match(late.text, /was not made for this upgrade, or the site has been open since/);
      assert.equal(upgate.state().kind, "behind");
      assert.equal((await runCli(["backup", "verify", id], { cwd: project.folder })).code, 0, "it stays on the disk");
    }));

  it("opens again when the backup can't be made, and the page says why", () =>
    scene(async (parts) => {
      const { client, old, project, upgate } = parts;
      rmSync(`${project.folder}/data/backups`, { recursive: true, force: true });
      const obstacle = project.write("data/backups", "");
      await client.post("/install/backup", { action: "create" });
      const text = await until("the reason", async () => {
        const page = await client.get("/install/backup");
        return /The backup could not be made/.test(page.text) ? page.text : undefined;
      });
      assert.match(text, /I Have a Backup, Start the Upgrade/);
      await until("the old node to open", () => old.state().kind === "current");
      rmSync(obstacle);
      const id = await backUp(parts);
      assert.match(id, /^\d{8}T\d{6}-/);
      assert.doesNotMatch((await client.get("/install/backup")).text, /could not be made/);
      assert.equal(upgate.state().kind, "behind");
    }));

  it("is begun anew when the process that makes the backup is killed", () =>
    scene(async (parts) => {
      const { client, old, upgate } = parts;
      await upgate.knex.schema.createTable("much", (t) => {
        t.increments("id");
        t.text("words");
      });
      for (let i = 0; i < 20; i++)
        await upgate.knex("much").insert(Array.from({ length: 100 }, () => ({ words: randomBytes(6000).toString("base64") })));
      await client.post("/install/backup", { action: "create" });
      const runner = await until("the backup to be under way", async () => {
        const [run] = await upgate.knex("upgate_run").where({ status: "running" }).select("phase");
        return run?.phase === "backup" ? Number((await upgate.knex("upgate_lease").first("pid")).pid) : undefined;
      });
      process.kill(runner, "SIGKILL");
      const text = await until("the page to say so", async () => {
        const page = await client.get("/install/backup");
        return /The backup was interrupted/.test(page.text) ? page.text : undefined;
      });
      assert.match(text, /Create a Backup Now/);
      await until("the old node to open", () => old.state().kind === "current");
      assert.match(await backUp(parts), /^\d{8}T/);
    }));

  it("records whose word it is that there is a backup", () =>
    scene(async ({ client, upgate }) => {
      await client.post("/install/start", { backup: "own" });
      await until("the upgrade", () => upgate.state().kind === "current");
      const { kind: what, address, session, confirmedAt } = await claimOf(upgate);
      assert.equal(what, "own");
      assert.match(address, /127\.0\.0\.1/);
      assert.equal(session?.length, 64);
      assert.ok(Date.parse(confirmedAt) > 0);
    }));

  it("refuses buttons and backups that it does not know", () =>
    scene(async ({ client, upgate }) => {
      assert.equal((await client.post("/install/backup", { action: "destroy" })).status, 400);
      assert.equal((await client.post("/install/backup", { action: "constructor" })).status, 400);
      assert.equal((await client.post("/install/start", {})).status, 400);
      assert.equal((await client.post("/install/start", { backup: "../../etc/passwd" })).status, 409);
      assert.equal((await client.post("/install/restore", { confirm: "yes" })).status, 409);
      assert.equal(upgate.state().kind, "behind");
      assert.deepEqual(await upgate.knex("upgate_run").where({ status: "running" }), []);
    }));
}
