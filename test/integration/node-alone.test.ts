import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, describe, it, type TestContext } from "node:test";
import express from "express";
import mysql from "mysql2/promise";
import { createUpgate, type Upgate, type UpgateOptions } from "../../src/index.js";
import { startFreezableProxy, type FreezableProxy } from "../crash/freezable-proxy.js";
import { startMariaDb } from "../support/mariadb.js";
import { createProject, SHOP_MIGRATIONS } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";
import { request } from "../unit/support/request.js";

const NODE_TTL_MS = 1500;

const mariadb = await startMariaDb();
after(() => mariadb.stop());
let databases = 0;

interface Node {
  readonly upgate: Upgate;
  /** Between the node and the database; others have a way of their own. */
  readonly way: FreezableProxy;
  readonly options: UpgateOptions;
  /** The status of a visitor's request. */
  visit(path?: string): Promise<number>;
}

/** An application whose gate is open, and whose way to the database the test holds. */
async function openNode(t: TestContext, more: Partial<UpgateOptions> = {}, user = "root"): Promise<Node> {
  const database = `alone_${++databases}`;
  const admin = await mysql.createConnection(mariadb.url("mysql"));
  await admin.query(`CREATE DATABASE ${database}`);
  await admin.end();
  const project = createProject(mariadb.url(database), { migrations: SHOP_MIGRATIONS, more: { nodeTtlMs: NODE_TTL_MS, ...more } as never });
  const { configFile: _none, ...options } = project.options;
  await install(options, "1.1.0");
  const way = await startFreezableProxy(Number(new URL(mariadb.url("")).port));
  const address = new URL(mariadb.url(database));
  address.port = String(way.port);
  address.username = user;
  const upgate = createUpgate({ ...options, database: address.href });
  const app = express();
  app.use(upgate.guard());
  app.use("/install", upgate.installer());
  app.use((_req, res) => void res.end("open"));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await upgate.whenOpen();
  t.after(async () => {
    way.thaw();
    await upgate.close();
    way.close();
    server.closeAllConnections();
    server.close();
    project.remove();
  });
  return { upgate, way, options, visit: async (path = "/") => (await request(server, path)).status };
}

describe("a node whose database does not answer", () => {
  it("stays open over a short failure, closes by itself after a long one, and opens again when it is back", async (t) => {
    const { upgate, way, visit } = await openNode(t);
    way.freeze();
    const frozenMs = performance.now();
    await until("a third of the time", () => performance.now() - frozenMs > NODE_TTL_MS / 3);
    assert.equal(await visit(), 200);
    await until("it to close", async () => (await visit()) === 503);
    assert.ok(performance.now() - frozenMs <= NODE_TTL_MS + 500);
    assert.equal(await visit("/install"), 503, "sealed, the wizard passes on to the application, but not while that is closed");
    await assert.rejects(upgate.knex("products"), { code: "ERR_UPGATE_GATE_CLOSED" });
    way.thaw();
    await until("it to open", async () => (await visit()) === 200);
  });

  it("admits nothing when what was held back arrives, an upgrade having passed it over meanwhile", async (t) => {
    const { upgate, way, options, visit } = await openNode(t);
    way.freeze();
    await until("it to close", async () => (await visit()) === 503);
    const late = upgate.knex("products").insert({ name: "late" });
    late.catch(() => undefined);
    await withUpgate({ ...options, version: "1.2.0" }, async (other) => {
      const run = await other.upgrader.start({ where: "here" });
      assert.equal((await run.finished).status, "completed");
      way.thaw();
      await until("it to see the new version", () => upgate.state().kind === "ahead");
      assert.equal(await visit(), 503);
      await assert.rejects(late, { code: "ERR_UPGATE_GATE_CLOSED" });
      assert.equal((await other.knex("products").where({ name: "late" })).length, 0);
    });
  });

  it("stays open where it is the only one", async (t) => {
    const { way, visit } = await openNode(t, { onDatabaseLoss: "stay" });
    way.freeze();
    const frozenMs = performance.now();
    await until("twice the time", () => performance.now() - frozenMs > 2 * NODE_TTL_MS);
    assert.equal(await visit(), 200);
  });
});

describe("a node that can read the database but not write to it", () => {
  it("stays open, and is a danger on System Health", async (t) => {
    const admin = await mysql.createConnection(mariadb.url("mysql"));
    await admin.query("CREATE USER IF NOT EXISTS shop@'127.0.0.1'");
    await admin.query("GRANT ALL PRIVILEGES ON `alone%`.* TO shop@'127.0.0.1'");
    const { upgate, visit } = await openNode(t, {}, "shop");
    await admin.query("SET GLOBAL read_only = ON");
    try {
      const health = upgate.health();
      const server = createServer((req, res) => health(req, res, () => res.end()));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      t.after(() => server.close());
      const shown = async (): Promise<string> => (await request(server, "/?format=json")).body;
      const since = performance.now();
      await until("the danger to be told", async () =>
        /"id":"node-row"[^}]*"severity":"danger"/.test((await shown()).replaceAll(/\s+/g, "")),
      );
      await until("more than the time to live", () => performance.now() - since > NODE_TTL_MS);
      assert.equal(await visit(), 200);
    } finally {
      await admin.query("SET GLOBAL read_only = OFF");
      await admin.end();
    }
  });
});
