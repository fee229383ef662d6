import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { UpgateOptions } from "../../src/index.js";
import { runCli, runCliJson, startCli } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";
import { wholeDatabase } from "../support/whole-database.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`a backup and the way back on ${kind.name}`, () => restoresOn(kind));

/** Changes structure and rows, then fails in its third migration. */
const FAILING = {
  ...SHOP_MIGRATIONS,
  "1.1.0/0003-break.mjs": `export const up = async (knex) => {
  await knex.schema.createTable("half_done", (t) => t.increments("id"));
  await knex("products").where({ name: "Ink" }).delete();
  await knex.raw("select nope from products");
};`,
};

function restoresOn(kind: DatabaseKind): void {
  async function scene(
    play: (project: TestProject) => Promise<void>,
    migrations: Readonly<Record<string, string>> = FAILING,
  ): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations });
    try {
      await install(project.options, "1.0.0");
      await play(project);
    } finally {
      project.remove();
    }
  }

  const contentsOf = (options: UpgateOptions): Promise<Record<string, unknown>> => withUpgate(options, ({ knex }) => wholeDatabase(knex));

  it("brings back structure, rows, history and journal of before the upgrade that failed", () =>
    scene(async ({ folder, options }) => {
      const before = await contentsOf(options);
      const up = await runCli(["up", "--yes", "--backup"], { cwd: folder });
      assert.equal(up.code, 3, up.stderr);
      assert.match(up.stdout, /Or bring the database back to what it was: upgate restore \d/);
      assert.notDeepEqual(await contentsOf(options), before);

      const restored = await runCliJson<{ result: string; state: { kind: string; installedVersion: string } }>(["restore", "--yes"], {
        cwd: folder,
      });
      assert.equal(restored.code, 0, restored.stderr);
      assert.deepEqual([restored.json.result, restored.json.state.kind], ["completed", "behind"]);
      assert.deepEqual(await contentsOf(options), before);

      await withUpgate({ ...options, version: "1.0.0" }, async (old) => assert.equal(old.state().kind, "current", "the old files open"));
      const history = await runCliJson<{ runs: { kind: string; status: string; id: string }[] }>(["history"], { cwd: folder });
      assert.deepEqual(
        history.json.runs.map(({ kind: what, status }) => [what, status]),
        [
          ["restore", "completed"],
          ["upgrade", "failed"],
          ["install", "completed"],
        ],
      );
      const [report] = readdirSync(path.join(folder, "data/reports"));
      const text = readFileSync(path.join(folder, "data/reports", report as string), "utf8");
      assert.match(text, /0003-break/, "the failed run lives on in its report");
      assert.equal(statSync(path.join(folder, "data/reports", report as string)).mode & 0o777, 0o600);
    }));

  it("keeps a node of the old release closed until the last table is there", () =>
    scene(
      async ({ folder, options }) => {
        assert.equal((await runCli(["up", "--yes", "--backup"], { cwd: folder })).code, 3);
        await withUpgate({ ...options, version: "1.0.0" }, async (old) => {
          assert.equal(old.state().kind, "failed");
          const opened: { rows: number; run: string }[] = [];
          old.onOpen(async () => {
            const run = await old.knex("upgate_run").where({ kind: "restore" }).first("status");
            const [{ rows }] = (await old.knex("many").count({ rows: "*" })) as [{ rows: number | string }];
            opened.push({ rows: Number(rows), run: run?.status ?? "none" });
          });
          assert.equal((await runCli(["restore", "--yes"], { cwd: folder })).code, 0);
          await until("the old node to open", () => opened.length > 0);
          assert.deepEqual(opened, [{ rows: 12_000, run: "completed" }]);
        });
      },
      { ...FAILING, "1.0.0/0002-many.mjs": MANY_ROWS },
    ));

  it("can upgrade with corrected files afterwards", () =>
    scene(async ({ folder, options, write }) => {
      await runCli(["up", "--yes", "--backup"], { cwd: folder });
      assert.equal((await runCli(["restore", "--yes"], { cwd: folder })).code, 0);
      write("migrations/1.1.0/0003-break.mjs", "export const up = async () => {};");
      const up = await runCli(["up", "--yes"], { cwd: folder });
      assert.equal(up.code, 0, up.stderr);
      await withUpgate(options, async ({ knex }) => {
        assert.deepEqual(await knex("products").orderBy("id").pluck("price_cents"), [995, 995]);
        assert.equal(await knex.schema.hasTable("half_done"), false);
      });
    }));

  it("goes on after its process was killed", () =>
    scene(
      async ({ folder, options }) => {
        const before = await contentsOf(options);
        assert.equal((await runCli(["up", "--yes", "--backup"], { cwd: folder })).code, 3);
        const killed = startCli(["restore", "--yes"], { cwd: folder });
        await withUpgate(options, async ({ knex }) => {
          await until("the restore to have begun", async () => {
            const [run] = await knex("upgate_run").where({ kind: "restore" }).select("phase");
            return run?.phase === "restoring";
          });
        });
        killed.child.kill("SIGKILL");
        const { signal } = await killed.ended;
        assert.equal(signal, "SIGKILL");
        const status = await runCliJson<{ state: { kind: string }; run: { kind: string } }>(["status"], { cwd: folder });
        assert.deepEqual([status.json.state.kind, status.json.run.kind], ["interrupted", "restore"]);
        await withUpgate({ ...options, version: "1.0.0" }, async (old) =>
          assert.equal(old.state().kind, "interrupted", "closed all through"),
        );
        const resumed = await runCli(["resume"], { cwd: folder });
        assert.equal(resumed.code, 0, resumed.stderr + resumed.stdout);
        assert.deepEqual(await contentsOf(options), before);
      },
      { ...FAILING, "1.0.0/0002-many.mjs": MANY_ROWS },
    ));

  it("refuses a damaged backup before it drops anything, and the failed upgrade can be gone on with", () =>
    scene(async ({ folder, options, write }) => {
      assert.equal((await runCli(["up", "--yes", "--backup"], { cwd: folder })).code, 3);
      const failed = await contentsOf(options);
      const [file] = dataFiles(folder);
      truncateSync(file as string, statSync(file as string).size - 9);
      const restore = await runCliJson<{ result: string; run: { status: string } }>(["restore", "--yes"], { cwd: folder });
      assert.equal(restore.code, 3);
      assert.match(restore.stdout, /bytes instead of/);
      assert.deepEqual(await contentsOf(options), failed);
      const status = await runCliJson<{ state: { kind: string }; run: { kind: string } }>(["status"], { cwd: folder });
      assert.deepEqual([status.json.state.kind, status.json.run.kind], ["failed", "upgrade"]);
      write("migrations/1.1.0/0003-break.mjs", "export const up = async () => {};");
      const up = await runCli(["up", "--yes"], { cwd: folder });
      assert.match(up.stdout + up.stderr, /installed|another path/);
    }));

  it("lists, proves, and removes backups; names are checked", () =>
    scene(async ({ folder }) => {
      const cli = { cwd: folder };
      const first = await runCliJson<{ backup: { id: string; proof: { how: string }; rows: number; version: string } }>(
        ["backup", "create"],
        cli,
      );
      assert.equal(first.code, 0, first.stderr);
      assert.deepEqual([first.json.backup.proof.how, first.json.backup.version], ["restored", "1.0.0"]);
      const second = await runCliJson<{ backup: { id: string } }>(["backup", "create"], cli);
      const list = await runCliJson<{ backups: { id: string }[] }>(["backup", "list"], cli);
      assert.deepEqual(new Set(list.json.backups.map(({ id }) => id)), new Set([first.json.backup.id, second.json.backup.id]));
      for (const file of dataFiles(folder)) assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal((await runCli(["backup", "verify", first.json.backup.id], cli)).code, 0);
      const prune = await runCliJson<{ removed: string[] }>(["backup", "prune", "--keep", "1"], cli);
      assert.equal(prune.json.removed.length, 1);
      for (const id of ["../../etc", "20200101T000000-00000000"]) {
        const unknown = await runCliJson<{ error: { code: string } }>(["restore", id, "--yes"], cli);
        assert.deepEqual([unknown.code, unknown.json.error.code], [1, "ERR_UPGATE_BACKUP_UNKNOWN"]);
      }
      const [damaged] = dataFiles(folder);
      const bytes = readFileSync(damaged as string);
      bytes[Math.floor(bytes.length / 2)]! ^= 1;
      writeFileSync(damaged as string, bytes);
      const verify = await runCliJson<{ error: { code: string } }>(["backup", "verify"], cli);
      assert.deepEqual([verify.code, verify.json.error.code], [1, "ERR_UPGATE_BACKUP_DAMAGED"]);
      const create = await runCli(["backup", "create", "--json"], { ...cli, env: { PATH: "/nowhere" } });
      if (kind.name !== "SQLite") assert.match(create.stdout, /ERR_UPGATE_BACKUP_TOOL[^}]*-client/);
    }));

  it("goes back by a backup of mydumper's, whatever the option says then", () =>
    scene(async ({ folder, options }) => {
      const cli = { cwd: folder };
      const before = await contentsOf(options);
      const made = await runCliJson<{ backup: { id: string; driver: string; proof: { how: string } }; error?: { code: string } }>(
        ["backup", "create", "--tool", "mydumper"],
        cli,
      );
      if (kind.name === "SQLite") {
        assert.deepEqual([made.code, made.json.error?.code], [1, "ERR_UPGATE_BACKUP_TOOL"]);
        return;
      }
      assert.equal(made.code, 0, made.stderr);
      const { id, driver, proof } = made.json.backup;
      assert.deepEqual([driver, proof.how], ["mydumper", "restored"]);
      assert.equal((await runCli(["up", "--yes"], cli)).code, 3);
      const restored = await runCliJson<{ result: string }>(["restore", id, "--yes"], cli);
      assert.deepEqual([restored.code, restored.json.result], [0, "completed"], restored.stderr);
      assert.deepEqual(await contentsOf(options), before);
    }));

  it("upgrades by itself with a backup of its own, and not again what was taken back", () =>
    scene(async (project) => {
      const { folder } = project;
      const options = { ...project.options, mode: "auto" as const };
      await withUpgate(options, async (upgate) => {
        await until("the upgrade to fail", () => upgate.state().kind === "failed", 20_000);
        const [run] = await upgate.knex("upgate_run").where({ kind: "upgrade" }).select("backup");
        assert.equal(JSON.parse(run.backup).kind, "made");
        assert.equal((await runCli(["restore", "--yes"], { cwd: folder })).code, 0);
        await until("the restored state", () => upgate.state().kind === "behind");
        // Ten polls: what was taken back is not begun again.
        await new Promise((resolve) => setTimeout(resolve, 1000));
        assert.equal(upgate.state().kind, "behind");
      });
    }));
}

/** Enough that a restore can be met on its way. */
const MANY_ROWS = `export const up = async (knex) => {
  await knex.schema.createTable("many", (t) => { t.increments("id"); t.text("words"); });
  for (let i = 0; i < 60; i++)
    await knex("many").insert(Array.from({ length: 200 }, (_, n) => ({ words: "The quick brown fox jumps over the lazy dog. ".repeat(20) + i + n })));
};`;

function dataFiles(folder: string): string[] {
  const root = path.join(folder, "data/backups");
  return readdirSync(root)
    .filter((name) => !name.startsWith("."))
    .toSorted()
    .toReversed()
    .flatMap((id) => readdirSync(path.join(root, id)).map((name) => path.join(root, id, name)))
    .filter((file) => !file.endsWith("manifest.json"));
}
