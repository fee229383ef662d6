import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import { createUpgate, type Upgate, type UpgateOptions } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { type Site, startSite } from "../support/site.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

const SLOW = `export const up = async (knex) => {
  await knex.schema.createTable("slow", (t) => t.increments("id"));
  for (let i = 0; i < 40; i++) { await knex("products").insert({ name: "row " + i }); await new Promise((done) => setTimeout(done, 25)); }
};`;

for (const kind of kinds) describe(`unattended, on ${kind.name}`, () => unattendedOn(kind));

function unattendedOn(kind: DatabaseKind): void {
  async function setUp(more: Partial<UpgateOptions>, migrations: Readonly<Record<string, string>> = SHOP_MIGRATIONS): Promise<TestProject> {
    const { address } = await kind.create();
    return createProject(address, { migrations, more });
  }
  const isOpen = async (site: Site): Promise<boolean> => (await site.visit()).text === "open";
  async function withSites<T>(project: TestProject, count: number, use: (sites: Site[]) => Promise<T>): Promise<T> {
    const sites = await Promise.all(Array.from({ length: count }, () => startSite(project)));
    try {
      return await use(sites);
    } finally {
      await Promise.all(sites.map((site) => site.stop()));
    }
  }
  /** Its next readings would have shown what it does by itself. */
  const untilReadAgain = async (upgate: Upgate): Promise<void> => {
    const beat = async (): Promise<number> => Number((await upgate.knex("upgate_node").first("beat"))?.beat);
    const before = await beat();
    await until("the node's next beat", async () => (await beat()) > before);
  };
  const runsOf = (project: TestProject): Promise<{ status: string; kind: string; backup: string | null }[]> =>
    withUpgate({ ...project.options, mode: "wizard" }, async ({ knex }) => knex("upgate_run").whereNotNull("started_at"));

  it("four processes that start at once: one upgrades, the others wait, all open", async () => {
    const project = await setUp({ mode: "auto", backup: "none" }, { ...SHOP_MIGRATIONS, "1.1.0/0003-slow.mjs": SLOW });
    await install({ ...project.options, mode: "wizard" }, "1.0.0");
    await withSites(project, 4, async (sites) => {
      const first = await Promise.all(sites.map((site) => site.visit()));
      assert.ok(
        first.every(({ status, text }) => status === 503 && /Down for Maintenance \(Err [123]\)/.test(text)),
        JSON.stringify(first.map(({ status }) => status)),
      );
      for (const site of sites) await until(`an open gate\n${site.output()}`, () => isOpen(site), 60_000);
    });
    const runs = await runsOf(project);
    assert.deepEqual(
      runs.map((run) => [run.kind, run.status, JSON.parse(run.backup ?? "{}").kind]),
      [
        ["install", "completed", undefined],
        ["upgrade", "completed", "none"],
      ].slice(-runs.length),
    );
    assert.equal(runs.filter((run) => run.kind === "upgrade").length, 1);
    project.remove();
  });

  it("four processes on an empty database install it once", async () => {
    const project = await setUp({ mode: "auto" });
    await withSites(project, 4, async (sites) => {
      for (const site of sites) await until(`an open gate\n${site.output()}`, () => isOpen(site), 60_000);
    });
    assert.deepEqual(
      (await runsOf(project)).map((run) => [run.kind, run.status]),
      [["install", "completed"]],
    );
    project.remove();
  });

  it("an upgrade whose backup can't be made changes nothing, and is gone on with once the cause is removed", async () => {
    const project = await setUp({ mode: "auto" });
    await install({ ...project.options, mode: "wizard" }, "1.0.0");
    const obstacle = project.write("data/backups", "");
    await withUpgate(project.options, async (upgate) => {
      await until("the failed run", () => upgate.state().kind === "failed", 20_000);
      assert.equal(upgate.state().run?.error?.code, "ERR_UPGATE_BACKUP_FAILED");
      assert.equal(await upgate.knex.schema.hasColumn("products", "price_cents"), false);
      rmSync(obstacle);
      const run = await upgate.upgrader.retry();
      assert.equal((await run.finished).status, "completed");
    });
    project.remove();
  });

  it("a run whose process was killed is resumed by a node", async () => {
    const flagged = SLOW.replace(
      "export const up = async (knex) => {",
      `import { existsSync } from "node:fs";
export const up = async (knex) => {
  if (!existsSync(new URL("../../go", import.meta.url))) await new Promise((done) => setTimeout(done, 60_000));`,
    );
    const project = await setUp({ mode: "auto", backup: "none" }, { ...SHOP_MIGRATIONS, "1.1.0/0003-slow.mjs": flagged });
    await install({ ...project.options, mode: "wizard" }, "1.0.0");
    await withUpgate({ ...project.options, mode: "wizard" }, async (observer) => {
      await withSites(project, 2, async (sites) => {
        await until("the third migration", async () => (await observer.upgrader.status()).run?.migrations[2]?.status === "running", 30_000);
        const pid = Number((await observer.knex("upgate_lease").first("pid")).pid);
        project.write("go", "");
        process.kill(pid, "SIGKILL");
        for (const site of sites) await until(`an open gate\n${site.output()}`, () => isOpen(site), 60_000);
      });
      const [run] = await observer.knex("upgate_run").where({ kind: "upgrade" }).whereNotNull("started_at");
      assert.equal(run.status, "completed");
    });
    project.remove();
  });

  it("a failed run is left to an operator; a corrected release goes on by itself", async () => {
    const broken = { ...SHOP_MIGRATIONS, "1.1.0/0003-broken.mjs": `export const up = () => { throw new Error("no such thing"); };` };
    const project = await setUp({ mode: "auto", backup: "none" }, broken);
    await install({ ...project.options, mode: "wizard" }, "1.0.0");
    const { configFile: _file, ...here } = project.options;
    await withUpgate(here, async (upgate) => {
      await until("the failure", () => upgate.state().kind === "failed");
    });
    await withUpgate(here, async (upgate) => {
      await until("the failure", () => upgate.state().kind === "failed");
      assert.equal((await upgate.knex("upgate_run").where({ kind: "upgrade" })).length, 1);
    });
    project.write("migrations/1.1.0/0003-broken.mjs", "export const up = () => {}; // corrected");
    await withUpgate({ ...here, version: "1.1.1" }, async (upgate) => {
      await until("an open gate", () => upgate.state().kind === "current");
      const runs = await upgate.knex("upgate_run").where({ kind: "upgrade" }).orderBy("created_at").select("status", "to_version");
      assert.deepEqual(runs.map(Object.values), [
        ["superseded", "1.1.0"],
        ["completed", "1.1.1"],
      ]);
    });
    project.remove();
  });

  it("a release without migrations records itself where the vendor says so, and visitors notice nothing", async () => {
    const project = await setUp({ patches: "stamp" });
    await install(project.options, "1.1.0");
    const { configFile: _file, ...here } = project.options;
    await withUpgate({ ...here, patches: "ask", version: "1.1.1" }, async (upgate) => assert.equal(upgate.state().kind, "behind"));
    await withUpgate({ ...here, version: "1.1.1" }, async (upgate) => {
      assert.equal(upgate.state().kind, "current", "at its first reading");
      assert.equal(upgate.state().installedVersion, "1.1.1");
      const last = await upgate.knex("upgate_run").orderBy("created_at", "desc").first();
      assert.deepEqual([last.kind, last.status, last.from_version, last.to_version], ["upgrade", "completed", "1.1.0", "1.1.1"]);
    });
    project.remove();
  });

  it("two releases that record themselves at the same time: the later one is installed, without waiting for a turn", async () => {
    const project = await setUp({ patches: "stamp", nodeTtlMs: 3_600_000 });
    const { configFile: _file, ...here } = project.options;
    await install(here, "1.1.0");
    const nodes = ["1.1.1", "1.1.1", "1.1.2", "1.1.2", "1.1.2"].map((version) => createUpgate({ ...here, version }));
    await until("the later one", () => nodes.map((node) => node.state().kind).join() === "ahead,ahead,current,current,current");
    assert.deepEqual(
      project.lines.filter((line) => line.includes("could not be recorded")),
      [],
    );
    await Promise.all(nodes.map((node) => node.close()));
    project.remove();
  });

  it("one with migrations does not", async () => {
    const project = await setUp({ patches: "stamp" });
    await install(project.options, "1.0.0");
    await withUpgate(project.options, async (upgate) => assert.equal(upgate.state().kind, "behind"));
    project.remove();
  });

  it("a process whose files were replaced ends with exit code 75 where the vendor says so", async () => {
    const project = await setUp({ restart: "exit" });
    const release = project.write("release.json", JSON.stringify({ version: "1.1.0" }));
    await install(project.options, "1.1.0");
    project.write("upgate.config.mjs", `export default ${JSON.stringify({ ...project.options, release, logger: undefined })};`);
    const site = await startSite(project);
    await until("an open gate", () => isOpen(site));
    project.write("release.json", JSON.stringify({ version: "1.2.0" }));
    await install({ ...project.options, restart: "ask" }, "1.1.1");
    assert.equal(await site.ended, 75, site.output());
    assert.match(site.output(), /files on disk are release 1\.2\.0, but this process still runs 1\.1\.0/);
    project.remove();
  });

  it("a node that still runs older files leaves a newer run alone, and so must its operator", async () => {
    const newer = {
      "1.2.0/0001-shelves.mjs": `export const up = (knex) => knex.schema.createTable("shelves", (t) => t.increments("id"));`,
      "1.2.0/0002-broken.mjs": `export const up = () => { throw new Error("no such thing"); };`,
    };
    const project = await setUp({ version: "1.2.0" }, { ...SHOP_MIGRATIONS, ...newer });
    const { configFile: _file, ...here } = project.options;
    await install(here, "1.1.0");
    await withUpgate(here, async ({ upgrader }) => {
      const run = await upgrader.start({ where: "here", backup: { kind: "none", address: "test" } });
      assert.equal((await run.finished).status, "failed");
    });
    await withUpgate({ ...here, version: "1.1.0", mode: "auto", backup: "none" }, async (old) => {
      for (const status of ["failed", "running"]) {
        await old.knex("upgate_run").where({ to_version: "1.2.0" }).update({ status });
        const expected = status === "failed" ? "failed" : "interrupted";
        await until(`the state ${expected}`, () => old.state().kind === expected);
        await untilReadAgain(old);
        assert.match(old.state().remedy, /Upload release 1\.2\.0 or later/);
        const refused = {
          code: "ERR_UPGATE_STATE",
          message: /run to 1\.2\.0 has begun to change the database; the files are older: 1\.1\.0/,
        };
        await assert.rejects(
          expected === "failed" ? old.upgrader.retry({ where: "here" }) : old.upgrader.resume({ where: "here" }),
          refused,
        );
      }
      assert.deepEqual(await old.knex("upgate_run").orderBy("to_version").pluck("to_version"), ["1.1.0", "1.2.0"]);
    });
    project.remove();
  });

  it("an upgrade whose log can't be written has failed, with the reason, and is not begun over and over", async () => {
    const project = await setUp({ mode: "auto" });
    const dataDir = path.dirname(project.write("no-folder/runs", ""));
    await withUpgate({ ...project.options, dataDir }, async (upgate) => {
      await until("the failure", () => upgate.state().kind === "failed");
      assert.match(upgate.state().reason, /log .*no-folder.* can't be written/);
      assert.match(upgate.state().remedy, /dataDir/);
      await untilReadAgain(upgate);
      assert.equal((await upgate.knex("upgate_run")).length, 1);
    });
    project.remove();
  });

  it("a check that blocks keeps it from beginning, and is told once", async () => {
    const project = await setUp({ mode: "auto" });
    const dataDir = project.write("no-folder", "");
    await withUpgate({ ...project.options, dataDir }, async (upgate) => {
      const told = (): string[] =>
        project.lines.filter((line) => /could not be started: A check blocks the start\. Data folder: /.test(line));
      await until("the log line", () => told().length > 0);
      await untilReadAgain(upgate);
      assert.equal(told().length, 1);
      assert.equal(upgate.state().kind, "fresh");
      assert.deepEqual(await upgate.knex("upgate_run").where({ status: "running" }), []);
    });
    project.remove();
  });

  it("a draft that was left behind by an earlier release keeps no later one from recording itself", async () => {
    const project = await setUp({});
    const { configFile: _file, ...here } = project.options;
    await install(here, "1.1.0");
    await withUpgate({ ...here, version: "1.1.1" }, ({ upgrader }) => upgrader.draft());
    await withUpgate({ ...here, version: "1.1.1", patches: "stamp" }, async (upgate) => {
      assert.equal(upgate.state().kind, "behind", "an operator is at it");
    });
    await withUpgate({ ...here, version: "1.1.2", patches: "stamp" }, async (upgate) => {
      assert.equal(upgate.state().kind, "current");
      const runs = await upgate.knex("upgate_run").whereNot({ to_version: "1.1.0" }).orderBy("to_version").select("to_version", "status");
      assert.deepEqual(runs.map(Object.values), [
        ["1.1.1", "aborted"],
        ["1.1.2", "completed"],
      ]);
    });
    project.remove();
  });
}
