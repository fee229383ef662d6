import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { StartedRun, Upgate, UpgateOptions } from "../../src/index.js";
import { autoResume } from "../../src/upgrade/auto-resume.js";
import { openContext } from "../../src/upgrade/open-context.js";
import { processIdentity } from "../../src/upgrade/process-identity.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { Upgrader } from "../../src/upgrade/upgrader.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { PageClient } from "../support/hosting.js";
import { FAILING_MIGRATIONS, putInDoubt } from "../support/in-doubt.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { type Site, startSite } from "../support/site.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`resuming unasked, on ${kind.name}`, () => resumingOn(kind));

/** Waits until the test writes the file `go` into the project. */
const WAITING = `import { existsSync } from "node:fs";
export const up = async (knex) => {
  await knex("products").update({ price_cents: 995 });
  const deadline = Date.now() + 120_000;
  while (!existsSync(new URL("../../go", import.meta.url)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
};`;

/** The lease's columns, held by this living process. */
function heldHere(): object {
  const { host, hostId, pid, startedTicks } = processIdentity();
  return { host, host_id: hostId, pid, started_ticks: startedTicks };
}

function resumingOn(kind: DatabaseKind): void {
  /** Release 1.0.0 is installed, the files are 1.1.0; `more` is for the sites, the observer does nothing by itself. */
  async function scene(
    more: Partial<UpgateOptions>,
    siteCount: number,
    play: (parts: { observer: Upgate; sites: readonly Site[]; project: TestProject; nextRunner: () => Promise<number> }) => Promise<void>,
  ): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: { ...SHOP_MIGRATIONS, "1.1.0/0002-fill-prices.mjs": WAITING }, more });
    const asks = { ...project.options, mode: "wizard", resume: "ask" } as const;
    await install(asks, "1.0.0");
    await withUpgate(asks, async (observer) => {
      const sites = await Promise.all(Array.from({ length: siteCount }, () => startSite(project)));
      const known = new Set([process.pid, ...sites.map(({ pid }) => pid)]);
      /** The next process in the middle of the second migration, besides those told before. */
      const nextRunner = async (): Promise<number> => {
        const pid = await until(
          `a runner in the second migration\n${sites.map((site) => site.output()).join("\n")}`,
          async () => {
            const { run } = await observer.upgrader.status();
            const holder = Number((await observer.knex("upgate_lease").first("pid")).pid);
            return run?.status === "running" && run.migrations[1]?.status === "running" && !known.has(holder) ? holder : null;
          },
          30_000,
        );
        known.add(pid);
        return pid;
      };
      try {
        await play({ observer, sites, project, nextRunner });
      } finally {
        await Promise.all(sites.map((site) => site.stop()));
      }
    });
    project.remove();
  }
  const counted = async ({ knex }: Upgate): Promise<unknown> => {
    const row = await knex("upgate_fact").where({ name: "auto-resumes" }).first("value");
    return row ? JSON.parse(row.value) : null;
  };
  const start = (upgate: Upgate): Promise<StartedRun> => upgate.upgrader.start({ backup: { kind: "own", address: "test" } });
  /** Its next readings would have shown what it does by itself. */
  const untilReadAgain = async (upgate: Upgate, nodes = 1): Promise<void> => {
    const beats = async (): Promise<number[]> => (await upgate.knex("upgate_node").orderBy("id").pluck("beat")).map(Number);
    await until("the nodes", async () => (await beats()).length >= nodes);
    const before = await beats();
    await until("each node's next beat", async () => (await beats()).every((beat, index) => beat > (before[index] ?? Infinity)));
  };

  for (const more of [{ resume: "auto" }, { mode: "auto", backup: "none" }] as const)
    it(`with ${JSON.stringify(more)} a killed run is taken over three times, then it is the operator's`, () =>
      scene(more, "mode" in more ? 1 : 2, async ({ observer, sites, project, nextRunner }) => {
        if (!("mode" in more)) await start(observer);
        for (let kills = 0; kills < 4; kills++) process.kill(await nextRunner(), "SIGKILL");
        await until("the end of the tries", async () => (await observer.upgrader.state()).autoResumes === 3);
        await until("the interruption", async () => (await observer.upgrader.state()).kind === "interrupted");
        await untilReadAgain(observer, sites.length + 1);
        const state = await observer.upgrader.state();
        const { reason, remedy, run } = state;
        assert.equal(state.kind, "interrupted");
        assert.match(reason, /gone on by itself 3 times/);
        assert.match(remedy, /Find out what terminates it/);
        assert.deepEqual(await counted(observer), { runId: run?.id, times: 3 });
        for (const site of sites) await until("the log's line", () => /interrupted: .*gone on by itself 3 times/.test(site.output()));
        const operator = new PageClient(sites[0]?.base ?? "");
        await operator.signIn(INSTALL_KEY);
        const page = await operator.get("/install/progress");
        assert.equal(page.heading, "Upgrade Interrupted");
        assert.match(page.text, /gone on with it by itself 3 times/);
        project.write("go", "");
        assert.equal((await operator.post("/install/resume")).location, "progress");
        for (const site of sites) await until(`an open gate\n${site.output()}`, async () => (await site.visit()).text === "open");
        const runs = await observer.knex("upgate_run").where({ to_version: "1.1.0" }).whereNotNull("started_at").select("id", "status");
        assert.deepEqual(runs.map(Object.values), [[run?.id, "completed"]]);
      }));

  it("of four nodes that see the same interruption one goes on, and one try is counted", () =>
    scene({ resume: "auto" }, 4, async ({ observer, sites, project, nextRunner }) => {
      const { id } = await start(observer);
      process.kill(await nextRunner(), "SIGKILL");
      await nextRunner();
      assert.deepEqual(await counted(observer), { runId: id, times: 1 });
      project.write("go", "");
      for (const site of sites) await until(`an open gate\n${site.output()}`, async () => (await site.visit()).text === "open");
    }));

  it("a node that boots after the kill takes the run over", () =>
    scene({ resume: "auto" }, 0, async ({ observer, project, nextRunner }) => {
      const { id } = await start(observer);
      process.kill(await nextRunner(), "SIGKILL");
      project.write("go", "");
      const site = await startSite(project);
      await until(`an open gate\n${site.output()}`, async () => (await site.visit()).text === "open");
      assert.deepEqual(await counted(observer), { runId: id, times: 1 });
      await site.stop();
    }));

  it("without the option nobody does", () =>
    scene({}, 1, async ({ observer, nextRunner }) => {
      await start(observer);
      process.kill(await nextRunner(), "SIGKILL");
      await until("the interruption", () => observer.state().kind === "interrupted");
      await untilReadAgain(observer, 2);
      assert.equal((await observer.upgrader.state()).kind, "interrupted");
      assert.equal(await counted(observer), null);
    }));

  const asInterrupted = async ({ knex }: Upgate): Promise<void> =>
    void (await knex("upgate_run").where({ status: "failed" }).update({ status: "running" }));

  /** An interrupted run of release 1.1.0 whose migration fails at once, and two processes' doors to it. */
  async function race(play: (upgate: Upgate, tries: (() => Promise<StartedRun | null>)[], runId: string) => Promise<void>): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: FAILING_MIGRATIONS });
    const { configFile: _none, ...here } = project.options;
    await install(here, "1.0.0");
    await withUpgate(here, async (upgate) => {
      const run = await start(upgate);
      assert.equal((await run.finished).status, "failed");
      await asInterrupted(upgate);
      const state = await upgate.upgrader.state();
      assert.equal(state.kind, "interrupted");
      const contexts = [0, 1].map(() => openContext(resolveSettings(here)));
      const upgraders = contexts.map((context) => new Upgrader(context));
      await play(
        upgate,
        contexts.map((context, index) => () => autoResume(context, upgraders[index] as Upgrader, state)),
        run.id,
      );
      await Promise.all(upgraders.map((upgrader) => upgrader.close()));
      await Promise.all(contexts.map(({ store }) => store.close()));
    });
    project.remove();
  }

  it("two that have read the same interruption don't both go on with it, and one try is counted", () =>
    race(async (upgate, tries, runId) => {
      const ends = await Promise.allSettled(tries.map((attempt) => attempt()));
      const runs = ends.flatMap((end) => (end.status === "fulfilled" && end.value ? [end.value] : []));
      assert.equal(runs.length, 1, JSON.stringify(ends));
      for (const end of ends) if (end.status === "rejected") assert.match(String(end.reason.code), /LEASE_HELD|STATE/);
      await runs[0]?.finished;
      assert.deepEqual(await counted(upgate), { runId, times: 1 });
    }));

  it("a try that comes after the operator's is not counted", () =>
    race(async (upgate, [attempt], runId) => {
      await upgate.knex("upgate_lease").update({ ...heldHere(), token: 99 });
      await assert.rejects(attempt as () => Promise<unknown>, { code: "ERR_UPGATE_LEASE_HELD" });
      assert.deepEqual(await counted(upgate), { runId, times: 0 });
    }));

  describe("leaves alone", () => {
    /** The run of release 1.1.0 as `set` leaves it, looked at by a node with `options`. */
    const left = async (
      options: Partial<UpgateOptions>,
      set: (upgate: Upgate, project: TestProject) => Promise<void>,
      state: string,
    ): Promise<void> => {
      const { address } = await kind.create();
      const project = createProject(address, { migrations: FAILING_MIGRATIONS });
      const { configFile: _none, ...here } = project.options;
      await install(here, "1.0.0");
      await withUpgate(here, async (upgate) => {
        const run = await start(upgate);
        assert.equal((await run.finished).status, "failed");
        await set(upgate, project);
        const before = await upgate.knex("upgate_run").orderBy("id");
        await withUpgate({ ...here, ...options }, async (node) => {
          assert.equal(node.state().kind, state);
          await untilReadAgain(node, 2);
          assert.deepEqual([await upgate.knex("upgate_run").orderBy("id"), await counted(upgate)], [before, null]);
        });
      });
      project.remove();
    };

    it("a failed run", () => left({ resume: "auto" }, async () => undefined, "failed"));
    it("a run in doubt", () => left({ resume: "auto" }, putInDoubt, "failed"));
    it("a run in doubt, also with newer files and unattended", () =>
      left({ mode: "auto", backup: "none", version: "1.1.1" }, putInDoubt, "failed"));
    it("an interrupted run to an older release", () => left({ resume: "auto", version: "1.1.1" }, asInterrupted, "interrupted"));
    it("an interrupted run to a newer release", () => left({ resume: "auto", version: "1.0.5" }, asInterrupted, "interrupted"));
  });
}
