import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { HostCheck, HostFinding, Upgate, UpgateOptions } from "../../src/index.js";
import { listTables } from "../../src/store/tables.js";
import { probeTableName } from "../../src/store/probe-name.js";
import { readHostChecks } from "../../src/upgrade/host-checks.js";
import { openContext } from "../../src/upgrade/open-context.js";
import { probedPrivilegesCheck } from "../../src/upgrade/privilege-probe.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { type Answers, runCli, runCliJson } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`checks before an upgrade on ${kind.name}`, () => preflightOn(kind));

const FULL: HostFinding = { severity: "danger", blocking: true, message: "The queue holds 312 jobs.", remedy: "Let the workers finish." };

function preflightOn(kind: DatabaseKind): void {
  /** At release 1.0.0, with the files of 1.1.0. */
  async function setUp(more: Partial<UpgateOptions> = {}): Promise<TestProject> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS });
    await install(project.options, "1.0.0");
    return { ...project, options: { ...project.options, ...more } };
  }

  /** The wizard of a process that runs its upgrades itself. */
  async function wizard(
    checks: readonly HostCheck[],
    play: (parts: { client: PageClient; upgate: Upgate }) => Promise<void>,
  ): Promise<void> {
    const project = await setUp();
    const { configFile: _none, ...options } = { ...project.options, checks };
    await withUpgate(options, (upgate) =>
      listening(hostApplication(upgate), async (base) => {
        const client = new PageClient(base);
        await client.signIn(INSTALL_KEY);
        await play({ client, upgate });
      }),
    );
    project.remove();
  }

  /** A project whose configuration file, which the command line reads, has a check that always blocks. */
  async function blockedProject(): Promise<TestProject & { here: { cwd: string } }> {
    const project = await setUp();
    const { configFile: _file, logger: _logger, ...plain } = project.options;
    const checks = `[{ id: "queue", title: "Queue", run: () => (${JSON.stringify(FULL)}) }]`;
    project.write("upgate.config.mjs", `export default { ...${JSON.stringify(plain)}, checks: ${checks} };\n`);
    return { ...project, here: { cwd: project.folder } };
  }

  it("shows on the review page what is well, and leaves no scratch table", () =>
    wizard([{ id: "queue", run: () => null }], async ({ client, upgate }) => {
      const { text, status } = await client.get("/install/review");
      assert.equal(status, 200);
      assert.match(text, /checks passed<\/summary>[^]*Tried: /);
      assert.match(text, /<\/span> queue<\/p>[^]*All is well\./);
      assert.doesNotMatch(text, /name="ignoreChecks"/);
      const tables = await listTables(upgate.knex, kind.name === "SQLite" ? "sqlite" : "mysql");
      assert.deepEqual(
        tables.filter((name) => name.startsWith("upgate_probe")),
        [],
      );
      assert.equal((await client.post("/install/review")).location, "./");
    }));

  it("does not go on past a check that blocks, until the operator says so; that is kept and audited", () =>
    wizard(
      [{ id: "queue", title: "Queue", run: async ({ knex }) => ({ ...FULL, message: `${(await knex("products")).length} jobs.` }) }],
      async ({ client, upgate }) => {
        const page = await client.get("/install/review");
        assert.match(page.text, /Blocks<span[^>]*>:<\/span><\/span> Queue[^]*2 jobs\.[^]*Let the workers finish\./);
        assert.match(page.text, /name="ignoreChecks" value="yes"[^]*Start although these checks block/);
        const refused = await client.post("/install/review");
        assert.equal(refused.status, 409);
        assert.match(refused.text, /role="alert"[^]*Checks block the start\. Nothing has been changed\./);
        assert.equal((await client.get("/install/backup")).location, "review", "the step is not done");
        assert.equal((await client.post("/install/review", { ignoreChecks: "yes" })).location, "./");
        const { ignored_checks: kept } = await upgate.knex("upgate_run").where({ active: 1 }).first();
        const { ids, address, session } = JSON.parse(kept);
        assert.deepEqual([ids, typeof session], [["queue"], "string"]);
        assert.match(address, /127\.0\.0\.1/);
        const entry = await until("the audit entry", () => upgate.knex("upgate_audit").where({ event: "checks-ignored" }).first());
        assert.equal(entry.detail, "queue");
        assert.equal((await client.post("/install/start", { backup: "own" })).location, "progress");
        await until("the upgrade to finish", async () => (await client.get("/install/progress")).location === "done");
        const run = await upgate.knex("upgate_run").where({ status: "completed", kind: "upgrade" }).first();
        assert.equal(run.ignored_checks, kept, "the run has it still");
      },
    ));

  it("rehearses what the operator has let pass: the copy is not asked again", () =>
    wizard([{ id: "queue", run: () => FULL }], async ({ client }) => {
      await client.get("/install/review");
      await client.post("/install/review", { ignoreChecks: "yes" });
      assert.equal((await client.post("/install/backup", { action: "rehearse" })).location, "progress");
      await until("the rehearsal", async () => (await client.get("/install/progress")).location === "backup");
      assert.match((await client.get("/install/backup")).text, /Tried on a copy: it works/);
    }));

  it("refuses the start when something blocks since the review, and changes nothing", () => {
    let blocks = false;
    return wizard([{ id: "queue", title: "Queue", run: () => (blocks ? FULL : null) }], async ({ client, upgate }) => {
      await client.get("/install/review");
      await client.post("/install/review");
      blocks = true;
      for (const [path, fields] of [
        ["/install/start", { backup: "own" }],
        ["/install/backup", { action: "create" }],
      ] as const) {
        const answer = await client.post(path, fields);
        assert.equal(answer.status, 409);
        assert.match(answer.text, /Queue: The queue holds 312 jobs\.[^]*href="review"/);
      }
      assert.deepEqual(await upgate.knex("upgate_run").where({ active: 1 }).pluck("status"), ["draft"]);
      assert.equal((await upgate.knex("upgate_lease").first()).host, null);
      assert.match((await client.get("/install/review")).text, /name="ignoreChecks"/);
    });
  });

  it("refuses on the command line before anything is asked, and --ignore-checks is kept with the run", async () => {
    const project = await blockedProject();
    const refused = await runCli(["up"], project.here);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^ERR_UPGATE_PREFLIGHT: A check blocks the start\. Queue: The queue holds 312 jobs\./);
    assert.match(refused.stderr, /--ignore-checks/);
    await withUpgate(project.options, async ({ knex }) => {
      assert.deepEqual(await knex("upgate_run").where({ active: 1 }), [], "there is not even a draft");
    });
    const done = await runCli(["up", "--yes", "--ignore-checks"], project.here);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /Ignored: Queue: /);
    await withUpgate(project.options, async ({ knex }) => {
      const { ignored_checks: kept } = await knex("upgate_run").where({ kind: "upgrade" }).first();
      const { ids, address } = JSON.parse(kept);
      assert.deepEqual([ids, address], [["queue"], "cli"]);
      assert.equal((await knex("upgate_audit").where({ event: "checks-ignored" }).first()).detail, "queue");
    });
    project.remove();
  });

  it("tells the vendor's checks in doctor and on System Health, too", async () => {
    const project = await blockedProject();
    const { code, json } = await runCliJson<Answers>(["doctor"], project.here);
    assert.equal(code, 1);
    const group = json.groups.find(({ title }) => title === "Application");
    assert.deepEqual(
      group?.checks.map(({ id, severity, blocking }) => [id, severity, blocking]),
      [["queue", "danger", true]],
    );
    assert.match((await runCli(["doctor"], project.here)).stdout, /^ {2}blocks +Queue +The queue holds 312 jobs\.$/m);
    await install(project.options, "1.1.0");
    const checks: HostCheck[] = [{ id: "queue", run: () => FULL }];
    await withUpgate({ ...project.options, checks }, (upgate) =>
      listening(hostApplication(upgate), async (base) => {
        await until("the open gate", () => upgate.state().kind === "current");
        const answer = await fetch(`${base}/admin/system-health?format=json`);
        const health = (await answer.json()) as { checks: { group: string; id: string; message: string }[] };
        const own = health.checks.find(({ id }) => id === "queue");
        assert.deepEqual([own?.group, own?.message], ["Application", FULL.message]);
      }),
    );
    project.remove();
  });

  it("says which of the vendor's checks failed, or never answered", async () => {
    const seen: boolean[] = [];
    const checks: HostCheck[] = [
      { id: "throws", run: () => Promise.reject(new Error("no such queue")) },
      { id: "hangs", run: ({ signal }) => new Promise(() => signal.addEventListener("abort", () => seen.push(true))) },
      { id: "odd", run: () => "fine" as unknown as null },
      { id: "fine", run: async ({ knex }) => void (await knex("products")) },
    ];
    const project = await setUp({ checks });
    const context = openContext(resolveSettings(project.options));
    const found = await readHostChecks(context, 300);
    assert.deepEqual(
      found.map(({ id, severity, blocking = false }) => [id, severity, blocking]),
      [
        ["throws", "danger", false],
        ["hangs", "danger", false],
        ["odd", "danger", false],
        ["fine", "ok", false],
      ],
    );
    assert.match(found[0]?.message ?? "", /It has failed: no such queue/);
    assert.match(found[1]?.message ?? "", /not answered within 0\.3 s/);
    assert.deepEqual(seen, [true], "it is told that its time is up");
    await context.store.close();
    project.remove();
  });

  if (kind.name === "SQLite")
    it("a file that can't be written to blocks, also where only a try tells", async () => {
      const project = await setUp();
      const { filename } = { filename: String(project.options.database).replace(/^sqlite:/, "") };
      const afterCreate = (connection: { exec(sql: string): void }, done: (error: null, connection: unknown) => void): void => {
        connection.exec("PRAGMA query_only = ON");
        done(null, connection);
      };
      const { config } = resolveSettings(project.options).database;
      const database = { ...config, connection: { filename }, pool: { afterCreate } } as UpgateOptions["database"];
      const context = openContext(resolveSettings({ ...project.options, database }));
      const check = await probedPrivilegesCheck(context.store);
      assert.deepEqual([check.severity, check.blocking], ["danger", true], check.message);
      assert.match(check.message, /^Tried: nothing can be written\. .*readonly/);
      await context.store.close();
      project.remove();
    });

  it("a Node.js that the release's package.json does not want blocks", async () => {
    const project = await setUp();
    project.write("package.json", JSON.stringify({ name: "shop", engines: { node: ">=999" } }));
    const refused = await runCli(["up", "--yes"], { cwd: project.folder });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /ERR_UPGATE_PREFLIGHT: .*The release asks for Node\.js >=999/);
    project.remove();
  });

  it("a scratch table under way is no table of the application's, and a probe that was killed is cleared away", async () => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS });
    const context = openContext(resolveSettings(project.options));
    const { knex, dialect } = context.store;
    const [old, young] = [probeTableName(Date.now() - 120_000), probeTableName(Date.now())];
    for (const name of [old, young]) await knex.schema.createTable(name, (table) => void table.integer("id"));
    const { json } = await runCliJson<Answers>(["status"], { cwd: project.folder });
    assert.equal(json.state.kind, "fresh", json.state.reason);
    const check = await probedPrivilegesCheck(context.store);
    assert.equal(check.severity, "ok", check.message);
    // SQLite's is rolled back with its process; another one's is never touched.
    assert.deepEqual(await listTables(knex, dialect), kind.name === "SQLite" ? [old, young] : [young]);
    await context.store.close();
    project.remove();
  });
}
