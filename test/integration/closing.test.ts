import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { after, describe, it, type TestContext } from "node:test";
import type { Knex } from "knex";
import mysql from "mysql2/promise";
import { createUpgate, type Upgate, type UpgateOptions } from "../../src/index.js";
import { runCli } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { startSite } from "../support/site.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";
import { request } from "../unit/support/request.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`closing the site on ${kind.name}`, () => closingOn(kind));

/** A process of the application with the old files, and the requests that it works on. */
interface OldNode {
  readonly upgate: Upgate;
  readonly server: Server;
  /** Answers all that are held with what `work` gave them. */
  release(): void;
  /** Resolves when so many handlers are at work. */
  works(count: number): Promise<unknown>;
  /** What the handlers' statements came to. */
  readonly outcomes: string[];
}

function closingOn(kind: DatabaseKind): void {
  async function stage(
    t: TestContext,
    more: Partial<UpgateOptions> = {},
  ): Promise<{ project: TestProject; node: OldNode; options: UpgateOptions }> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS, more: { drainTimeoutMs: 300, ...more } as never });
    await install(project.options, "1.0.0");
    const { configFile: _none, ...options } = project.options;
    const upgate = createUpgate({ ...options, version: "1.0.0" });
    const { knex } = upgate;
    const outcomes: string[] = [];
    let release = (): void => undefined;
    let released = new Promise<void>((resolve) => (release = resolve));
    let working = 0;
    const handle = async (_req: IncomingMessage, res: ServerResponse): Promise<void> => {
      working++;
      await released;
      const outcome = await insert(knex).then(
        () => "written",
        (error: { code: string }) => error.code,
      );
      outcomes.push(outcome);
      res.end(outcome);
    };
    const guard = upgate.guard();
    const server = createServer((req, res) => guard(req, res, () => void handle(req, res)));
    upgate.attach(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await until("the old node to open", () => upgate.state().kind === "current" && upgate.whenOpen().then(() => true));
    t.after(async () => {
      release();
      await upgate.close();
      server.closeAllConnections();
      server.close();
      project.remove();
    });
    const node: OldNode = {
      upgate,
      server,
      release,
      outcomes,
      works: (count) => until(`${count} handlers at work`, () => working === count),
    };
    return { project, node, options };
  }

  const insert = async (knex: Knex): Promise<void> => void (await knex("products").insert({ name: "from a handler" }));

  it("waits for a request that was let in, lets it use the database, and says for whom it waits", async (t) => {
    const { node, options } = await stage(t, { drainTimeoutMs: 60_000 } as never);
    const reply = request(node.server, "/slow?secret=1");
    await node.works(1);
    await withUpgate(options, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here" });
      await until("it to be told", async () =>
        /waiting for 1 of \d nodes: .+: 1 request, oldest GET \/slow \d+ s\)/.test((await upgate.upgrader.status()).run?.activity ?? ""),
      );
      assert.equal((await request(node.server, "/new")).status, 503);
      assert.equal((await upgate.knex("upgate_run").where({ id: run.id }).first("phase")).phase, "closing");
      node.release();
      assert.equal((await reply).body, "written");
      assert.equal((await run.finished).status, "completed");
      assert.deepEqual(await upgate.knex("products").pluck("price_cents"), [995, 995, 995], "it was there before the migration");
    });
  });

  it("refuses what the application sends after its node has closed", async (t) => {
    const { node, options } = await stage(t);
    await insert(node.upgate.knex);
    await withUpgate(options, async (upgate) => {
      assert.equal((await (await upgate.upgrader.start({ where: "here" })).finished).status, "completed");
      await until("the old node to see it", () => node.upgate.state().kind !== "current");
      await assert.rejects(insert(node.upgate.knex), { code: "ERR_UPGATE_GATE_CLOSED", message: /may not use the database now/ });
      await until("the new one to open", () => upgate.state().kind === "current");
      await upgate.whenOpen();
      await insert(upgate.gatedKnex);
    });
  });

  it("ends what does not end by itself, its database work too, where that is the policy", async (t) => {
    const { node, options } = await stage(t);
    const cut = assert.rejects(request(node.server, "/endless"), /socket hang up|ECONNRESET/);
    await node.works(1);
    await withUpgate(options, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here", drain: "end" });
      await cut;
      assert.equal((await run.finished).status, "completed");
      node.release();
      await until("the handler to go on", () => node.outcomes.length === 1);
      assert.deepEqual(node.outcomes, ["ERR_UPGATE_GATE_CLOSED"]);
      assert.equal((await upgate.knex("products")).length, 2);
    });
  });

  it("ends a process whose database connections are its own secret", async (t) => {
    const { address } = await kind.create();
    const project = createProject(address, { version: "1.0.0", migrations: SHOP_MIGRATIONS, more: { drainTimeoutMs: 300 } });
    t.after(() => project.remove());
    await install(project.options, "1.0.0");
    const site = await startSite(project, `export default (req, res) => req.url === "/endless" ? res.write("so far") : res.end("open");\n`);
    await until("the open site", async () => (await site.visit()).text === "open");
    const endless = (await fetch(`${site.base}/endless`)).text();
    endless.catch(() => undefined); // judged below
    const { configFile: _none, ...options } = project.options;
    await withUpgate({ ...options, version: "1.1.0" }, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here", drain: "end" });
      assert.equal(await site.ended, 75, site.output());
      assert.match(site.output(), /connections of the application are not known/);
      await assert.rejects(endless);
      assert.equal((await run.finished).status, "completed");
    });
  });

  it("gives the upgrade up where that is the policy, and the gates open again", async (t) => {
    const { node, options } = await stage(t);
    const reply = request(node.server, "/endless");
    await node.works(1);
    await withUpgate(options, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here", drain: "abort" });
      assert.deepEqual(await run.finished, { id: run.id, status: "aborted", error: null });
      await node.upgate.whenOpen();
      node.release();
      assert.equal((await reply).body, "written");
      await until("the new files to see it", () => upgate.state().kind === "behind");
      assert.equal((await upgate.knex("upgate_migration").where({ version: "1.1.0" })).length, 0);
      assert.equal((await (await upgate.upgrader.start({ where: "here" })).finished).status, "completed");
    });
  });

  it("asks the operator, who may wait and then end it", async (t) => {
    const { node, options } = await stage(t);
    const cut = assert.rejects(request(node.server, "/endless"), /socket hang up|ECONNRESET/);
    await node.works(1);
    await withUpgate(options, async (upgate) => {
      await assert.rejects(upgate.upgrader.answerDrain("end"), { code: "ERR_UPGATE_STATE" });
      const run = await upgate.upgrader.start({ where: "here", drain: "ask" });
      const asks = async (): Promise<boolean> => (await upgate.upgrader.status()).run?.drain === "asked";
      await until("the question", asks);
      await upgate.upgrader.answerDrain("wait");
      assert.equal(await asks(), false);
      await upgate.upgrader.answerDrain("end");
      await cut;
      assert.equal((await run.finished).status, "completed");
    });
  });

  it("waits for work outside requests and for the host's own functions, which wait for it", async (t) => {
    const { node, options } = await stage(t, { drainTimeoutMs: 60_000 } as never);
    const steps: string[] = [];
    let paused = (): void => undefined;
    node.upgate.onClose(() => new Promise<void>((resolve) => (paused = () => (steps.push("paused"), resolve()))));
    node.upgate.onClose(() => Promise.reject(new Error("a faulty one")));
    node.upgate.onOpen(() => void steps.push("opened"));
    const leave = await node.upgate.enter({ name: "invoices" });
    await withUpgate(options, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here" });
      await until("it to be told", async () => /oldest work invoices/.test((await upgate.upgrader.status()).run?.activity ?? ""));
      const stop = new AbortController();
      const next = node.upgate.enter({ signal: stop.signal });
      leave();
      paused();
      assert.equal((await run.finished).status, "completed");
      assert.deepEqual(steps, ["paused"]);
      stop.abort(new Error("stopped"));
      await assert.rejects(next, /stopped/);
    });
  });

  it("does not begin among processes with other files, where the vendor says so", async (t) => {
    const { options } = await stage(t);
    await withUpgate({ ...options, mixedNodes: "refuse" }, async (upgate) => {
      await assert.rejects(upgate.upgrader.start({ where: "here" }), {
        code: "ERR_UPGATE_MIXED_NODES",
        message: /have other files than release 1\.1\.0: .* has 1\.0\.0\.$/,
      });
      assert.equal(upgate.state().kind, "behind");
      assert.equal((await upgate.knex("upgate_run")).filter(({ status }: { status: string }) => status !== "completed").length, 0);
    });
    await withUpgate({ ...options, mixedNodes: "warn" }, async (upgate) => {
      assert.equal((await (await upgate.upgrader.start({ where: "here" })).finished).status, "completed");
    });
  });

  it("given up on the command line, it says that nothing was changed", async (t) => {
    const { node, project } = await stage(t);
    const reply = request(node.server, "/endless");
    await node.works(1);
    const { code, stdout } = await runCli(["up", "--yes", "--drain=abort"], { cwd: project.folder });
    assert.equal(code, 1);
    assert.match(stdout, /Given up while requests were still under way\. Nothing was changed\./);
    node.release();
    assert.equal((await reply).status, 200);
  });

  if (kind.name !== "SQLite")
    it("shows visitors Err 3 also while the migration keeps readers out of the version table itself", async (t) => {
      const { node, options, project } = await stage(t);
      project.write(
        "migrations/1.1.0/0003-note.mjs",
        `export const up = (knex) => knex.schema.alterTable("tbl_config", (t) => t.string("note", 40));`,
      );
      const reader = await mysql.createConnection(String(options.database));
      t.after(() => reader.destroy());
      await reader.query("START TRANSACTION");
      await reader.query("SELECT * FROM tbl_config");
      await withUpgate(options, async (upgate) => {
        const run = await upgate.upgrader.start({ where: "here" });
        const waits = "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE state = 'Waiting for table metadata lock'";
        await until("the migration to wait for the reader", async () => {
          const [[{ n }]] = (await upgate.knex.raw(waits)) as [[{ n: number }]];
          return Number(n) > 0;
        });
        assert.equal((await request(node.server, "/")).headers["upgate-maintenance"], "Err3");
        // The poll's own statement is kept waiting, too, and gives up after a second.
        for (let polls = 0; polls < 3; polls++) assert.equal((await upgate.upgrader.state()).kind, "running");
        assert.equal((await request(node.server, "/")).headers["upgate-maintenance"], "Err3");
        await reader.query("COMMIT");
        assert.equal((await run.finished).status, "completed");
      });
    });

  if (kind.name !== "SQLite")
    it("ends the database connections of a node that it passes over, and of one whose process is gone", async (t) => {
      const { options } = await stage(t);
      await withUpgate(options, async (upgate) => {
        const connection = await mysql.createConnection(String(options.database));
        const [[self]] = (await connection.query(
          "SELECT CONNECTION_ID() AS id, CONCAT(@@hostname, ':', @@port) AS server, UNIX_TIMESTAMP() AS connected_at",
        )) as unknown as [[{ id: number; server: string; connected_at: number }]];
        const at = new Date().toISOString();
        const rest = {
          started_ticks: null,
          code_version: "1.0.0",
          files_version: "1.0.0",
          epoch: 0,
          in_flight: 0,
          oldest: null,
          beat: 5,
          protocol: 1,
          started_at: at,
          seen_at: at,
        };
        await upgate.knex("upgate_node").insert({ id: "frozen", host: "frozen", host_id: "another machine", pid: 7, ...rest });
        const { id: connection_id, ...where } = self;
        await upgate.knex("upgate_connection").insert([
          { node_id: "frozen", connection_id, ...where },
          { node_id: "frozen", connection_id: 999_999, ...where },
          { node_id: "frozen", connection_id, ...where, server: "elsewhere:3306" },
        ]);
        const sleeping = assert.rejects(connection.query("INSERT INTO products (name) SELECT SLEEP(60)"), /closed|lost|interrupted/i);
        const run = await upgate.upgrader.start({ where: "here" });
        assert.equal((await run.finished).status, "completed");
        await sleeping;
        const { passed_over } = (await upgate.knex("upgate_run").where({ id: run.id }).first("passed_over")) as { passed_over: string };
        assert.deepEqual(JSON.parse(passed_over), ["frozen (process 7): its connections to elsewhere:3306 can't be ended from here"]);
        assert.equal((await upgate.knex("upgate_connection").where({ node_id: "frozen" })).length, 0);
        connection.destroy();
      });
    });
}
