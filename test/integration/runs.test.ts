import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { isUpgateError } from "../../src/core/errors.js";
import type { Upgate } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, type ProjectOptions, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`a run on ${kind.name}`, () => runsOn(kind));

/** Waits until the test writes a file, so that a run can be caught in the middle. */
const WAITING = (flag: string): string => `import { existsSync } from "node:fs";
export const up = async (knex) => {
  await knex("products").insert({ name: "from the waiting migration" });
  const deadline = Date.now() + 60_000;
  while (!existsSync(${JSON.stringify(flag)}) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
};`;

function runsOn(kind: DatabaseKind): void {
  const setUp = async (more: Partial<ProjectOptions> = {}): Promise<TestProject> => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS, ...more });
    await install(project.options, "1.0.0");
    return project;
  };
  const names = (upgate: Upgate): Promise<string[]> => upgate.knex("products").orderBy("id").pluck("name");
  const runnerPid = async (upgate: Upgate): Promise<number> => Number((await upgate.knex("upgate_lease").first("pid"))?.pid);

  it("upgrades in a process of its own and writes history and version", async () => {
    const project = await setUp();
    await withUpgate(project.options, async (upgate) => {
      const run = await upgate.upgrader.start({ backup: { kind: "own", address: "test" } });
      assert.deepEqual(await run.finished, { id: run.id, status: "completed", error: null });
      await until("the gate to open", () => upgate.state().kind === "current");
      const history = await upgate.knex("upgate_migration").orderBy("name");
      assert.deepEqual(
        history.map((row) => [row.name, row.version]),
        Object.keys(SHOP_MIGRATIONS).map((file) => [file.replace(".mjs", ""), file.split("/")[0]]),
      );
      for (const row of history) {
        assert.match(row.sha256, /^[0-9a-f]{64}$/);
        assert.ok(row.finished_at >= row.started_at);
        assert.ok(Number(row.statements) > 0);
      }
      assert.deepEqual(await upgate.knex("products").pluck("price_cents"), [995, 995]);
      const saved = await upgate.knex("upgate_run").where({ id: run.id }).first();
      assert.equal(saved.from_version, "1.0.0");
      assert.match(saved.backup, /"own"/);
      assert.ok(existsSync(path.join(project.folder, "data", "runs", `${run.id}.log`)));
    });
    project.remove();
  });

  it("goes on when the web process that started it is killed", async () => {
    const project = await setUp();
    project.write("migrations/1.1.0/0002-fill-prices.mjs", WAITING(path.join(project.folder, "go")));
    const starter = project.write(
      "start.mjs",
      `import { createUpgate } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
import options from "./upgate.config.mjs";
const upgate = createUpgate({ ...options, configFile: new URL("upgate.config.mjs", import.meta.url) });
await upgate.ready();
await upgate.upgrader.start();
setInterval(() => undefined, 1000);`,
    );
    const web = spawn(process.execPath, [starter], { stdio: "ignore" });
    try {
      await withUpgate(project.options, async (upgate) => {
        await until("the second migration to run", async () => (await upgate.upgrader.status()).run?.migrations[1]?.status === "running");
        web.kill("SIGKILL");
        project.write("go", "");
        await until("the gate to open", () => upgate.state().kind === "current");
      });
    } finally {
      web.kill("SIGKILL");
    }
    project.remove();
  });

  it("tags every statement of a migration with run, number and token", async () => {
    const seen: string[] = [];
    const project = await setUp();
    const { configFile: _none, database: _database, ...rest } = project.options;
    const plain = await withUpgate(project.options, async (upgate) => upgate.knex);
    const Dialect = plain.client.constructor;
    class Listening extends Dialect {
      _query(connection: unknown, query: { sql: string }): unknown {
        seen.push(query.sql);
        return super._query(connection, query);
      }
    }
    await withUpgate({ ...rest, database: { ...plain.client.config, client: Listening } }, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here" });
      assert.equal((await run.finished).status, "completed");
      const tags = seen.flatMap((sql) => /^\/\* upgate:(\S+):(\d+):(\d+) \*\/ /.exec(sql)?.slice(1) ?? []);
      const numbers = tags.filter((_, index) => index % 3 === 1).map(Number);
      assert.ok(tags.length > 0 && tags.every((part, index) => index % 3 !== 0 || part === run.id));
      assert.ok(numbers.every((number) => number > 0));
      const announced = await upgate.knex("upgate_journal").where({ run_id: run.id }).whereNotNull("intent_at");
      if (kind.name !== "SQLite") assert.ok(announced.length > 0);
      for (const { sequence, statement } of announced)
        assert.ok(
          seen.some((sql) => sql.startsWith(`/* upgate:${run.id}:${sequence}:`) && sql.endsWith(`*/ ${statement}`)),
          statement,
        );
      const changes = seen.filter((sql) => /products/.test(sql));
      assert.ok(changes.length > 0);
      for (const sql of changes) assert.match(sql, /^\/\* upgate:/);
    });
    project.remove();
  });

  it("closes every node before the first statement and writes the version last", async () => {
    const project = await setUp({ version: "1.0.0" });
    const flag = path.join(project.folder, "go");
    project.write("migrations/1.0.0/0002-late.mjs", WAITING(flag));
    const { configFile: _none, ...here } = project.options;
    await withUpgate(here, async (upgate) =>
      withUpgate(here, async (other) => {
        const run = await upgate.upgrader.start({ where: "here" });
        await until("the migration to begin", async () =>
          (await upgate.upgrader.status()).run?.migrations.some((one) => one.status === "running"),
        );
        const nodes = await upgate.knex("upgate_node").select("epoch");
        const { epoch } = await upgate.knex("upgate_run").where({ id: run.id }).first("epoch");
        assert.deepEqual(
          nodes.map((node) => Number(node.epoch)),
          [Number(epoch), Number(epoch)],
        );
        assert.equal(other.state().kind, "running");
        project.write("go", "");
        assert.equal((await run.finished).status, "completed");
        await until("the other node to open", () => other.state().kind === "current");
      }),
    );
    project.remove();
  });

  it("fails with the migration's reason, keeps what was applied, and goes on at Retry under the same id", async () => {
    const project = await setUp();
    project.write("migrations/1.1.0/0002-fill-prices.mjs", `export const up = (knex) => knex("no_such_table").update({ a: 1 });`);
    await withUpgate(project.options, async (upgate) => {
      const run = await upgate.upgrader.start();
      const result = await run.finished;
      assert.equal(result.status, "failed");
      assert.equal(result.error?.migration, "1.1.0/0002-fill-prices");
      assert.match(result.error?.message ?? "", /no_such_table/);
      assert.equal((await upgate.upgrader.status()).state.kind, "failed");
      assert.deepEqual(
        (await upgate.upgrader.status()).run?.migrations.map((one) => one.status),
        ["applied", "failed"],
      );
      project.write("migrations/1.1.0/0002-fill-prices.mjs", SHOP_MIGRATIONS["1.1.0/0002-fill-prices.mjs"]);
      const again = await upgate.upgrader.retry();
      assert.equal(again.id, run.id);
      assert.equal((await again.finished).status, "completed");
      await until("the gate to open", () => upgate.state().kind === "current");
    });
    project.remove();
  });

  it("fails with the log's end when its process can't start, having changed nothing, and goes on at Retry", async () => {
    const project = await setUp();
    const config = readFileSync(path.join(project.folder, "upgate.config.mjs"), "utf8");
    project.write("upgate.config.mjs", `throw new Error("no such environment");`);
    await withUpgate(project.options, async (upgate) => {
      const { error, status } = await (await upgate.upgrader.start()).finished;
      assert.deepEqual([status, error?.code], ["failed", "ERR_UPGATE_RUNNER_START"]);
      assert.match(error?.message ?? "", /no such environment/);
      assert.equal((await upgate.knex("upgate_migration").where("version", "1.1.0")).length, 0);
      project.write("upgate.config.mjs", config);
      assert.equal((await (await upgate.upgrader.retry()).finished).status, "completed");
    });
    project.remove();
  });

  it("refuses to run where the configuration names another database", async () => {
    const project = await setUp();
    const other = await kind.create();
    project.write(
      "upgate.config.mjs",
      `export default ${JSON.stringify({ ...project.options, logger: undefined, database: other.address })};`,
    );
    await withUpgate(project.options, async (upgate) => {
      const { error, status } = await (await upgate.upgrader.start()).finished;
      assert.deepEqual([status, error?.code], ["failed", "ERR_UPGATE_RUNNER_START"]);
      assert.match(error?.message ?? "", /ERR_UPGATE_RUN_UNKNOWN/);
    });
    project.remove();
  });

  it("is interrupted when its process is killed, and resumes at the next migration", async () => {
    const project = await setUp();
    const flag = path.join(project.folder, "go");
    project.write("migrations/1.1.0/0002-fill-prices.mjs", WAITING(flag));
    await withUpgate(project.options, async (upgate) => {
      const run = await upgate.upgrader.start();
      await until("the second migration to run", async () => (await upgate.upgrader.status()).run?.migrations[1]?.status === "running");
      process.kill(await runnerPid(upgate), "SIGKILL");
      assert.equal((await run.finished).status, "interrupted");
      await until("the interruption to be seen", () => upgate.state().kind === "interrupted");
      assert.deepEqual(
        (await upgate.upgrader.status()).run?.migrations.map((one) => one.status),
        ["applied", "failed"],
      );
      project.write("go", "");
      const resumed = await upgate.upgrader.resume();
      assert.equal(resumed.id, run.id);
      assert.equal((await resumed.finished).status, "completed");
      assert.deepEqual(await names(upgate), ["Ink", "Paper", "from the waiting migration"], "the killed attempt's row was rolled back");
    });
    project.remove();
  });

  it("can be resumed when its process died on another host, once its beat has stood still", async () => {
    const project = await setUp();
    const flag = path.join(project.folder, "go");
    project.write("migrations/1.1.0/0002-fill-prices.mjs", WAITING(flag));
    await withUpgate(project.options, async (upgate) => {
      const run = await upgate.upgrader.start();
      await until("the second migration to run", async () => (await upgate.upgrader.status()).run?.migrations[1]?.status === "running");
      process.kill(await runnerPid(upgate), "SIGKILL");
      await run.finished;
      await upgate.knex("upgate_lease").update({ host: "elsewhere", host_id: "another machine" });
      await until("the holder to be nobody's that this machine could judge", () => upgate.state().kind === "running");
      await until("the interruption to be seen", () => upgate.state().kind === "interrupted");
      project.write("go", "");
      assert.equal((await (await upgate.upgrader.resume()).finished).status, "completed");
    });
    project.remove();
  });

  it("aborts by itself when its process dies before the first statement, and keeps what was agreed to", async () => {
    const project = await setUp({ license: "# Terms" });
    await withUpgate(project.options, async (upgate) => {
      await upgate.upgrader.acceptLicense("a".repeat(64));
      const { id } = await upgate.upgrader.draft();
      await upgate
        .knex("upgate_run")
        .where({ id })
        .update({ status: "running", phase: "closing", started_at: new Date().toISOString(), epoch: 7 });
      await until("the run to be aborted", async () => (await upgate.knex("upgate_run").where({ id }).first()).status === "aborted");
      assert.equal((await upgate.upgrader.status()).state.kind, "behind");
      const draft = await upgate.upgrader.draft();
      assert.notEqual(draft.id, id);
      assert.equal(draft.licenseHash, "a".repeat(64));
    });
    project.remove();
  });

  it("starts once when twenty start at the same time, and tells the others who holds it", async () => {
    const project = await setUp();
    const flag = path.join(project.folder, "go");
    project.write("migrations/1.1.0/0002-fill-prices.mjs", WAITING(flag));
    const { configFile: _none, ...here } = project.options;
    await withUpgate(here, async (first) =>
      withUpgate(here, async (second) => {
        const attempts = Array.from({ length: 20 }, (_, index) => (index % 2 ? first : second).upgrader.start({ where: "here" }));
        const settled = await Promise.allSettled(attempts);
        const started = settled.flatMap((attempt) => (attempt.status === "fulfilled" ? [attempt.value] : []));
        const refused: unknown[] = settled.flatMap((attempt) => (attempt.status === "rejected" ? [attempt.reason] : []));
        assert.equal(started.length, 1);
        for (const error of refused)
          assert.ok(isUpgateError(error, "ERR_UPGATE_LEASE_HELD") || isUpgateError(error, "ERR_UPGATE_STATE"), String(error));
        await assert.rejects(
          second.upgrader.start(),
          (error) => isUpgateError(error, "ERR_UPGATE_LEASE_HELD") && /process \d+\) since \d{4}-/.test(error.message),
        );
        project.write("go", "");
        assert.equal((await started[0]?.finished)?.status, "completed");
        assert.equal((await first.knex("upgate_run").whereNotNull("started_at").where({ to_version: "1.1.0" })).length, 1);
      }),
    );
    project.remove();
  });

  it("records nothing any more when another process has taken the lease", async () => {
    const project = await setUp();
    project.write("migrations/1.1.0/0002-fill-prices.mjs", WAITING(path.join(project.folder, "go")));
    const { configFile: _none, ...here } = project.options;
    await withUpgate(here, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here" });
      await until("the second migration to run", async () => (await upgate.upgrader.status()).run?.migrations[1]?.status === "running");
      const steal = upgate.knex("upgate_lease").update({ token: 999 });
      if (kind.name === "SQLite") {
        await assert.rejects(async () => steal, /locked/, "the migration's write lock keeps a thief out");
        project.write("go", "");
        assert.equal((await run.finished).status, "completed");
        return;
      }
      await steal;
      // What a process writes that takes a run over.
      const last = await upgate.knex("upgate_journal").where({ run_id: run.id }).max({ sequence: "sequence" }).first();
      const take = { run_id: run.id, sequence: Number(last?.sequence) + 1, kind: "take", token: 999, answer: '{"void":[],"by":"a thief"}' };
      await upgate.knex("upgate_journal").insert(take);
      project.write("go", "");
      assert.equal((await run.finished).status, "interrupted");
      assert.equal((await upgate.knex("upgate_migration").where({ name: "1.1.0/0002-fill-prices" }).first()).finished_at, null);
      assert.deepEqual(await names(upgate), ["Ink", "Paper"]);
    });
    project.remove();
  });

  it("uses the host's knex as it is for migrations, and its own names for itself", async () => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: {} });
    project.write(
      "migrations/1.1.0/0001-camel.mjs",
      `export const up = (knex) => knex.schema.createTable("orderLines", (t) => t.increments("lineId"));`,
    );
    const shout = { wrapIdentifier: (name: string, wrap: (name: string) => string) => wrap(name === "*" ? name : name.toUpperCase()) };
    const { configFile: _none, database, ...rest } = project.options;
    const plain = await withUpgate(project.options, async (upgate) => upgate.knex.client.config);
    await withUpgate({ ...rest, database: { ...plain, ...shout } }, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here" });
      assert.deepEqual((await run.finished).error, null);
    });
    await withUpgate({ ...rest, database }, async (upgate) => {
      assert.equal(upgate.state().kind, "current");
      assert.equal(await upgate.knex.schema.hasTable("ORDERLINES"), true);
    });
    project.remove();
  });

  it("a stopped migration that catches errors is not recorded with statements that were never sent", async () => {
    const flag = path.join(tmpdir(), `upgate-stop-${process.pid}-${kind.name}`);
    const careless = `${WAITING(flag).replace("};", "")}
  try { await knex("products").insert({ name: "after the stop" }); } catch {}
};
export const config = { transaction: false };`;
    const project = await setUp({ migrations: { ...SHOP_MIGRATIONS, "1.1.0/0003-careless.mjs": careless } });
    await withUpgate(project.options, async (upgate) => {
      const stop = new AbortController();
      const run = await upgate.upgrader.start({ where: "here", signal: stop.signal, backup: { kind: "own", address: "test" } });
      await until("the third migration", async () => (await names(upgate)).includes("from the waiting migration"));
      stop.abort(new Error("It was stopped."));
      writeFileSync(flag, "");
      assert.equal((await run.finished).status, "interrupted");
      const again = await upgate.upgrader.resume({ where: "here" });
      assert.equal((await again.finished).status, "completed");
      assert.ok((await names(upgate)).includes("after the stop"));
    });
    rmSync(flag);
    project.remove();
  });
}
