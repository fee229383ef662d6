import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import path from "node:path";
import { describe, test, type TestContext } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import express from "express";
import express4 from "express4";
import { isUpgateError, type UpgateErrorCode } from "../../src/core/errors.js";
import type { Upgate } from "../../src/index.js";
import { openGate } from "../../src/testing.js";
import { Upgrader } from "../../src/upgrade/upgrader.js";
import { request } from "./support/request.js";
import { listing, tempFolder } from "./support/temp-folder.js";

const APPLICATION = "the application";

const refused =
  (code: UpgateErrorCode, message: RegExp) =>
  (error: unknown): boolean =>
    isUpgateError(error, code) && message.test(error.message);

/** An application as a host builds it: it is handed its upgate. */
function createApp(make: typeof express, upgate: Upgate): express.Express {
  const app = make();
  app.use(upgate.guard());
  app.use("/install", upgate.installer());
  app.use("/admin/system-health", upgate.health());
  app.get("/admin", async (_req, res) => void res.send((await upgate.badge()).html));
  app.use((_req, res) => void res.type("text").send(APPLICATION));
  return app;
}

for (const [name, make] of [
  ["Express 5", express],
  ["Express 4", express4],
] as const)
  describe(`an open gate in ${name}`, () => {
    const serving = async (t: TestContext, upgate: Upgate): Promise<(address: string, accept?: string) => ReturnType<typeof request>> => {
      const server = createServer(createApp(make, upgate));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      t.after(() => server.close());
      return (address, accept) => request(server, address, accept === undefined ? {} : { headers: { accept } });
    };

    test("lets every request through, and the installer does not exist", async (t) => {
      const get = await serving(t, openGate());
      for (const address of ["/", "/install", "/install/review", "/shop?a=1"])
        assert.equal((await get(address)).body, APPLICATION, address);
    });

    test("answers the probes where the options have them", async (t) => {
      const get = await serving(t, openGate());
      for (const probe of ["live", "ready", "open"]) assert.equal((await get(`/healthz/${probe}`)).body, "ok\n", probe);
      const other = await serving(t, openGate({ probes: { live: "/alive" } }));
      assert.equal((await other("/alive")).body, "ok\n");
      const none = await serving(t, openGate({ probes: false }));
      assert.equal((await none("/healthz/live")).body, APPLICATION);
    });

    test("shows the badge and System Health of an application that is up to date", async (t) => {
      const get = await serving(t, openGate({ version: "8.6.1", branding: { name: "Ledgerly" } }));
      assert.match((await get("/admin")).body, /You are up to date!/);
      const html = await get("/admin/system-health", "text/html");
      assert.match(html.body, /Ledgerly[^]*You are up to date!/);
      assert.match(String(html.headers["content-security-policy"]), /default-src/);
      const { badge, checks, runs } = JSON.parse((await get("/admin/system-health", "application/json")).body);
      assert.deepEqual([badge.codeVersion, badge.installedVersion, badge.kind, runs], ["8.6.1", "8.6.1", "current", []]);
      assert.deepEqual(
        checks.map((check: { id: string; severity: string }) => [check.id, check.severity]),
        [
          ["version", "ok"],
          ["pending-migrations", "ok"],
        ],
      );
    });
  });

describe("an open gate", () => {
  test("is ready, and current at its version", async () => {
    const upgate = openGate({ version: "8.6.1" });
    await upgate.ready();
    const { kind, codeVersion, installedVersion } = upgate.state();
    assert.deepEqual({ kind, codeVersion, installedVersion }, { kind: "current", codeVersion: "8.6.1", installedVersion: "8.6.1" });
    assert.equal(openGate().state().codeVersion, "0.0.0");
    await upgate.close();
  });

  test("takes the application's own options, whose files need not exist", (t) => {
    const folder = tempFolder(t);
    const options = { version: "8.6.1", database: "sqlite:./none.db", migrations: "./none", license: "./none.md", configFile: "none.mjs" };
    assert.equal(openGate({ ...options, dataDir: folder, installKey: undefined }).state().kind, "current");
    assert.deepEqual(listing(folder), []);
  });

  test("tells all problems of the options, as the real one does", () => {
    const wrong = { version: "8.6", databse: "sqlite:./x.db" };
    assert.throws(() => openGate(wrong), refused("ERR_UPGATE_OPTIONS", /did you mean "database"[^]*version: must be/));
  });

  test("tells status and plan, and refuses every change", async () => {
    const { upgrader } = openGate({ version: "8.6.1" });
    assert.ok(upgrader instanceof Upgrader);
    assert.deepEqual(await upgrader.status(), { state: { kind: "current", codeVersion: "8.6.1", installedVersion: "8.6.1" }, run: null });
    assert.deepEqual(await upgrader.plan(), []);
    const changes = [
      ["start", () => upgrader.start()],
      ["resume", () => upgrader.resume()],
      ["retry", () => upgrader.retry()],
      ["baseline", () => upgrader.baseline("8.6.1")],
    ] as const;
    for (const [name, change] of changes)
      await assert.rejects(change(), refused("ERR_UPGATE_STATE", new RegExp(`${name}\\(\\) needs a database`)));
  });

  test("has a knex where there is a database, made at the first use and closed by close()", async (t) => {
    assert.throws(() => openGate().knex, refused("ERR_UPGATE_STATE", /without a database/));
    const folder = tempFolder(t);
    const upgate = openGate({ database: `sqlite:${folder}/app.db` });
    assert.deepEqual(listing(folder), []);
    const { knex } = upgate;
    assert.equal(upgate.knex, knex);
    assert.deepEqual(await knex.select(knex.raw("1 as one")), [{ one: 1 }]);
    await upgate.close();
    await assert.rejects(async () => knex.select(knex.raw("1 as one")), /Unable to acquire a connection/);
  });

  test("leaves an instance of the host's alone", async (t) => {
    const maker = openGate({ database: `sqlite:${tempFolder(t)}/app.db` });
    const upgate = openGate({ database: maker.knex });
    assert.equal(upgate.knex, maker.knex);
    await upgate.close();
    assert.deepEqual(await maker.knex.select(maker.knex.raw("1 as one")), [{ one: 1 }]);
    await maker.close();
  });

  test("can be printed and copied without a database", () => {
    assert.ok(Object.keys({ ...openGate() }).includes("guard"));
  });

  test("serves the application, loaded once, until it is closed", async () => {
    const upgate = openGate();
    let loads = 0;
    const load = async (): Promise<{ default: express.Express }> => {
      loads++;
      return { default: createApp(express, upgate) };
    };
    const server = await upgate.serve(load, { port: 0, host: "127.0.0.1" });
    assert.equal((await request(server, "/healthz/open")).body, "ok\n");
    assert.equal((await request(server, "/shop")).body, APPLICATION);
    assert.equal((await request(server, "/install")).body, APPLICATION);
    assert.equal(loads, 1);
    await upgate.close();
    assert.equal(server.listening, false);
  });

  test("rejects when the application can't be loaded, and does not listen on", async () => {
    const upgate = openGate();
    const load = (): Promise<never> => Promise.reject(new Error("no such table"));
    await assert.rejects(upgate.serve(load, { port: 0, host: "127.0.0.1" }), refused("ERR_UPGATE_APPLICATION_START", /no such table/));
    await upgate.close();
  });

  test("keeps no process alive", (t) => {
    const testing = fileURLToPath(new URL("../../src/testing.ts", import.meta.url));
    const text = `import { openGate } from ${JSON.stringify(pathToFileURL(testing).href)};
export const upgate = openGate({ database: "mysql://root@127.0.0.1:1/none" });
upgate.guard(); upgate.knex; await upgate.ready(); console.log(upgate.state().kind);`;
    const file = path.join(tempFolder(t, { "host.mts": text }), "host.mts");
    const cwd = fileURLToPath(new URL("../../", import.meta.url));
    const output = execFileSync(process.execPath, ["--import", "tsx", file], { cwd, encoding: "utf8", timeout: 60_000 });
    assert.equal(output, "current\n");
  });
});
