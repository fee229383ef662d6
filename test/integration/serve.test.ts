import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import mysql from "mysql2/promise";
import { createUpgate, type Upgate } from "../../src/index.js";
import { startMariaDb } from "../support/mariadb.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { PageClient } from "../support/hosting.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const mariadb = await startMariaDb();
after(() => mariadb.stop());

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

function sqliteProject(): TestProject {
  const project = createProject("sqlite:./app.db", { migrations: SHOP_MIGRATIONS, more: { branding: { adminUrl: "/" } } });
  return project;
}

/** A host whose boot dies when the column of release 1.1.0 is missing. */
async function bootingHost(upgate: Upgate): Promise<(req: unknown, res: { end(text: string): void }) => void> {
  const [product] = await upgate.knex("products").select("price_cents");
  return (_req, res) => res.end(`price ${product.price_cents}`);
}

describe("serve", () => {
  it("loads the application only once the gate is open, so that its boot may need what the upgrade creates", async () => {
    const project = sqliteProject();
    await install(project.options, "1.0.0");
    await withUpgate(project.options, async (upgate) => {
      let loads = 0;
      const server = await upgate.serve(
        () => {
          loads++;
          return bootingHost(upgate);
        },
        { port: 0, host: "127.0.0.1" },
      );
      const base = addressOf(server);
      assert.equal((await fetch(base)).headers.get("upgate-maintenance"), "Err2");
      assert.equal(await statusOf(`${base}/healthz/live`), 200);
      assert.equal(await statusOf(`${base}/healthz/ready`), 200);
      assert.equal(await statusOf(`${base}/healthz/open`), 503);
      assert.equal(loads, 0);
      const client = new PageClient(base);
      await client.signIn(INSTALL_KEY);
      await client.post("/install/review", { _csrf: (await client.get("/install/review")).csrf });
      await client.post("/install/start", { backup: "own" });
      await until("the application to answer", async () => (await fetch(base)).ok);
      assert.equal(await (await fetch(base)).text(), "price 995");
      assert.equal(await statusOf(`${base}/healthz/open`), 200);
      assert.equal(loads, 1);
      assert.equal((await client.post("/install/done", { _csrf: (await client.get("/install/done")).csrf })).location, "/");
      assert.equal(await (await fetch(`${base}/install`)).text(), "price 995", "sealed, the address belongs to the application");
    });
    project.remove();
  });

  it("keeps WebSocket upgrades out while the gate is closed, and lets them in when it is open", async () => {
    const project = sqliteProject();
    await install(project.options, "1.0.0");
    const upgradeAnswer = (server: Server): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect((server.address() as AddressInfo).port, "127.0.0.1", () => {
          socket.write("GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        });
        socket.once("data", (data) => {
          socket.destroy();
          resolve(data.toString().split("\r\n")[0] ?? "");
        });
        socket.once("error", reject);
      });
    await withUpgate(project.options, async (upgate) => {
      const server = await upgate.serve(() => bootingHost(upgate), { port: 0, host: "127.0.0.1" });
      server.on("upgrade", (_req, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
      assert.match(await upgradeAnswer(server), /503/);
      await (
        await upgate.upgrader.start({ where: "here" })
      ).finished;
      await until("the gate to open", () => upgate.state().kind === "current");
      assert.match(await upgradeAnswer(server), /101/);
    });
    project.remove();
  });

  it("listens with the database down, answers Err 1, and opens by itself when the database comes up", async () => {
    const project = createProject(mariadb.url("late"), { migrations: SHOP_MIGRATIONS });
    const admin = await mysql.createConnection(mariadb.url("mysql"));
    await admin.query("CREATE DATABASE late");
    await admin.end();
    await install(project.options, "1.1.0");
    await mariadb.kill();
    const upgate = createUpgate(project.options);
    try {
      const server = await upgate.serve(() => bootingHost(upgate), { port: 0, host: "127.0.0.1" });
      const base = addressOf(server);
      const down = await fetch(base, { headers: { accept: "text/html" } });
      assert.equal(down.status, 503);
      assert.match(await down.text(), /Down for Maintenance \(Err 1\)/);
      assert.equal((await fetch(`${base}/install`)).headers.get("upgate-maintenance"), "Err1");
      assert.equal(await statusOf(`${base}/healthz/live`), 200);
      await mariadb.start();
      await until("the application to answer", async () => (await fetch(base)).ok);
      await mariadb.kill();
      assert.equal(await statusOf(`${base}/healthz/open`), 200, "a short loss closes nothing");
      await until("the gate to close by its deadline", async () => (await fetch(base)).headers.get("upgate-maintenance") === "Err1");
      await mariadb.start();
      await until("the gate to open again", async () => (await fetch(base)).ok);
    } finally {
      await upgate.close();
      project.remove();
    }
  });

  it("closes though a browser holds a connection open on which it has asked nothing yet", async () => {
    const project = sqliteProject();
    await install(project.options, "1.1.0");
    const upgate = createUpgate(project.options);
    const server = await upgate.serve(() => bootingHost(upgate), { port: 0, host: "127.0.0.1" });
    const { port } = server.address() as AddressInfo;
    const ended = ["", "GET / HT"].map(async (begun) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(begun)).resume();
      await once(socket, "close");
    });
    await until("the connections", async () => (await promisify(server.getConnections.bind(server))()) === ended.length);
    await upgate.close();
    await Promise.all(ended);
    project.remove();
  });

  it("still hears a request that was on its way when it was told to close", async () => {
    const project = sqliteProject();
    await install(project.options, "1.1.0");
    const upgate = createUpgate(project.options);
    const server = await upgate.serve(() => bootingHost(upgate), { port: 0, host: "127.0.0.1" });
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("error", () => undefined); // cut while it writes
    let answer = "";
    socket.on("data", (data: Buffer) => (answer += data.toString()));
    const over = once(socket, "close");
    await until("the connection", async () => (await promisify(server.getConnections.bind(server))()) === 1);
    const closed = upgate.close();
    await until("the end of listening", () => !server.listening);
    await new Promise((resolve) => setTimeout(resolve, 50)); // on a loaded machine a request takes that long to be read
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await over;
    // From Node 26 on `server.close()` itself cuts connections that have brought no request yet.
    if (Number(process.versions.node.split(".")[0]) < 26 || answer !== "") assert.match(answer, /^HTTP\/1\.1 (?:200|503) /);
    await closed;
    project.remove();
  });

  it("writes the generated key to a file of the owner's only, once for all nodes, and voids it at sealing", async () => {
    const { statSync, existsSync, readFileSync } = await import("node:fs");
    const project = sqliteProject();
    const { installKey: _given, ...generated } = project.options;
    await install(project.options, "1.0.0");
    const file = path.join(project.folder, "data", "install-key");
    await withUpgate(generated, async (upgate) =>
      withUpgate(generated, async () => {
        await until("the key", () => existsSync(file));
        assert.equal(statSync(file).mode & 0o777, 0o600);
        const key = readFileSync(file, "utf8").trim();
        assert.match(key, /^(?:[0-9a-z]{4}-){6}[0-9a-z]{4}$/);
        await until("the log line", () => project.lines.some((line) => line.includes(key)));
        assert.equal(project.lines.filter((line) => line.includes(key)).length, 1);
        const server = await upgate.serve(() => bootingHost(upgate), { port: 0, host: "127.0.0.1" });
        const client = new PageClient(addressOf(server));
        await client.signIn(key.toUpperCase().replaceAll("-", " "));
        await client.post("/install/review", { _csrf: (await client.get("/install/review")).csrf });
        await client.post("/install/start", { backup: "own" });
        await until("the upgrade to finish", async () => (await client.get("/install/progress")).location === "done");
        assert.ok(existsSync(file), "the session is still open");
        await client.post("/install/done", { _csrf: (await client.get("/install/done")).csrf });
        await until("the key to be void", () => !existsSync(file));
        assert.equal((await upgate.knex("upgate_secret").where({ name: "install-key" })).length, 0);
      }),
    );
    project.remove();
  });
});
