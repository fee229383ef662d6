import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, describe, it } from "node:test";
import { processIdentity } from "../../src/upgrade/process-identity.js";
import type { Upgate } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { runCli } from "../support/cli.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the registered nodes on ${kind.name}`, () => nodesOn(kind));

function nodesOn(kind: DatabaseKind): void {
  const setUp = async (): Promise<TestProject> => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS });
    await install(project.options, "1.0.0");
    return project;
  };
  const addNode = (upgate: Upgate, node: { host: string; host_id: string; pid: number }): Promise<unknown> => {
    const now = new Date().toISOString();
    const rest = { started_ticks: null, code_version: "1.0.0", files_version: "1.0.0", epoch: 0, in_flight: 0, beat: 5, protocol: 1 };
    return upgate.knex("upgate_node").insert({ id: `node-${node.host}`, ...node, ...rest, started_at: now, seen_at: now });
  };
  const complete = async (upgate: Upgate): Promise<{ passed_over: string | null }> => {
    const run = await upgate.upgrader.start({ where: "here" });
    assert.equal((await run.finished).status, "completed");
    return upgate.knex("upgate_run").where({ id: run.id }).first("passed_over");
  };

  it("leave at close, and a node of a dead process on this host is not waited for", async () => {
    const project = await setUp();
    await withUpgate(project.options, async (upgate) => {
      await withUpgate(project.options, async () => assert.equal((await upgate.knex("upgate_node")).length, 2));
      assert.equal((await upgate.knex("upgate_node")).length, 1);
      const { pid } = spawnSync(process.execPath, ["--version"]);
      await addNode(upgate, { host: "here", host_id: processIdentity().hostId, pid });
      assert.deepEqual(JSON.parse((await complete(upgate)).passed_over ?? "null"), []);
      assert.equal((await upgate.knex("upgate_node").where({ host: "here" })).length, 0);
    });
    project.remove();
  });

  it("are passed over, and named in the run, when they stay silent on another host", async () => {
    const project = await setUp();
    await withUpgate(project.options, async (upgate) => {
      await addNode(upgate, { host: "silent", host_id: "another machine", pid: 7 });
      assert.deepEqual(JSON.parse((await complete(upgate)).passed_over ?? "null"), ["silent (process 7)"]);
      assert.deepEqual((await upgate.upgrader.status()).run?.passedOver, ["silent (process 7)"]);
      const { stdout } = await runCli(["history", "--json"], { cwd: project.folder });
      assert.match(stdout, /"silent \(process 7\)"/);
    });
    project.remove();
  });

  it("go by themselves when their processes on another host have ended without a word", async () => {
    const project = await setUp();
    await withUpgate({ ...project.options, nodeTtlMs: 300 }, async (upgate) => {
      await addNode(upgate, { host: "gone", host_id: "another machine", pid: 7 });
      const { stdout } = await runCli(["status"], { cwd: project.folder });
      assert.match(stdout, /gone \(process 7\), release 1\.0\.0/);
      await until("it to be removed", () =>
        project.lines.some((line) => /gave no sign of life was removed: gone \(process 7\)/.test(line)),
      );
      assert.equal((await upgate.knex("upgate_node")).length, 1, "its own stays");
    });
    project.remove();
  });

  it("stop the run before its first statement when one lives but does not close", async () => {
    const project = await setUp();
    const impatient = { ...project.options, nodeTtlMs: 400 };
    await withUpgate(impatient, async (upgate) => {
      await addNode(upgate, { host: "stubborn", host_id: "another machine", pid: 7 });
      const beating = setInterval(
        () =>
          void upgate
            .knex("upgate_node")
            .where({ host: "stubborn" })
            .increment("beat", 1)
            .catch(() => 0),
        100,
      );
      try {
        const run = await upgate.upgrader.start({ where: "here" });
        const { status, error } = await run.finished;
        assert.deepEqual([status, error?.code], ["failed", "ERR_UPGATE_NODES_OPEN"]);
        assert.match(error?.message ?? "", /stubborn/);
        assert.equal((await upgate.knex("upgate_migration").where({ run_id: run.id })).length, 0);
      } finally {
        clearInterval(beating);
      }
      await upgate.knex("upgate_node").where({ host: "stubborn" }).delete();
      assert.equal((await (await upgate.upgrader.retry({ where: "here" })).finished).status, "completed");
      await until("the gate to open", () => upgate.state().kind === "current");
    });
    project.remove();
  });
}
