import assert from "node:assert/strict";
import { Agent, createServer, get, type Server } from "node:http";
import { describe, it, type TestContext } from "node:test";
import express from "express";
import { createUpgate, type Upgate } from "../../src/index.js";
import { type Nginx, startNginx } from "../support/nginx.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { PageClient } from "../support/hosting.js";
import { install } from "../support/upgates.js";
import { until } from "../support/wait.js";
import { ACCEPT, type Ask, type Reply, request } from "../unit/support/request.js";

const STORING = ["proxy_cache site", "proxy_cache_methods GET HEAD POST", "proxy_cache_key $request_method$request_uri$http_accept"];
const WITH_STALE = [...STORING, "proxy_cache_valid any 10m", "proxy_cache_use_stale error timeout http_503 updating"];
/** What an operator writes who wants a fast site; the application's own headers are heeded by all but the last. */
const EAGER = {
  "that stores what succeeds": [...STORING, "proxy_cache_valid 200 10m"],
  "that stores anything": [...STORING, "proxy_cache_valid any 10m"],
  "that stores anything and serves stale answers": WITH_STALE,
  "that heeds no Cache-Control": [...STORING, "proxy_cache_valid any 10m", "proxy_ignore_headers Cache-Control Expires Set-Cookie Vary"],
} as const;
const RECIPE = [...STORING, "proxy_cache_valid 200 10m", "proxy_cache_use_stale off"];

interface CachedSite {
  readonly project: TestProject;
  readonly upgate: Upgate;
  /** The application itself. */
  readonly server: Server;
  readonly nginx: Nginx;
}

/** An application behind nginx. Something before the guard wishes to have everything stored, and the pages say how long they may be. */
async function cachedSite(
  t: TestContext,
  location: readonly string[],
  { installed = "1.0.0", version = "1.1.0" } = {},
): Promise<CachedSite> {
  const project = createProject("sqlite:./app.db", { migrations: SHOP_MIGRATIONS });
  const { configFile: _none, ...options } = project.options;
  await install(options, installed);
  const upgate = createUpgate({ ...options, version });
  const app = express();
  app.use((_req, res, next) => {
    res.set({ "X-Accel-Expires": "600", "CDN-Cache-Control": "max-age=600", ETag: '"1"', "Last-Modified": new Date(0).toUTCString() });
    next();
  });
  app.use(upgate.guard());
  app.use("/install", upgate.installer());
  app.use("/health", upgate.health());
  app.get("/:policy", (req, res) => {
    res.removeHeader("X-Accel-Expires");
    res.set("Cache-Control", req.query["policy"] as string);
    res.send("the application");
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const nginx = await startNginx([String((server.address() as { port: number }).port)], location);
  t.after(async () => {
    await nginx.stop();
    await upgate.close();
    server.closeAllConnections();
    server.close();
    project.remove();
  });
  await upgate.ready();
  return { project, upgate, server, nginx };
}

/** Another process's upgrade; the site's process still has the old files, so it stays closed. */
async function closeForGood({ project, upgate }: CachedSite): Promise<void> {
  await install(project.options, "1.1.0");
  await until("the old files' process to close", () => upgate.state().kind === "ahead");
}

const isPage = ({ status, headers }: Reply): boolean => status === 503 && headers["upgate-maintenance"] !== undefined;
const page = (policy: string): string => `/page?policy=${encodeURIComponent(policy)}`;
const cacheStatus = ({ headers }: Reply): string => String(headers["x-cache-status"] ?? "not asked");

const CONDITIONS: readonly Readonly<Record<string, string>>[] = [
  {},
  { "if-none-match": '"1"' },
  { "if-none-match": "*" },
  { "if-modified-since": new Date().toUTCString() },
  { range: "bytes=0-3" },
  { range: "bytes=0-3", "if-range": '"1"' },
];

async function everyQuestion(ask: (path: string, how: Ask) => Promise<void>): Promise<void> {
  for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    for (const accept of Object.values(ACCEPT)) for (const more of CONDITIONS) await ask("/page", { method, headers: { accept, ...more } });
}

describe("behind a proxy that stores answers", () => {
  for (const [name, location] of Object.entries(EAGER))
    it(`${name}, no answer of the guard is stored or shortened`, async (t) => {
      const { upgate, nginx } = await cachedSite(t, location);
      await everyQuestion(async (path, how) => {
        const reply = await request(nginx, path, how);
        const what = JSON.stringify(how);
        assert.ok(isPage(reply), `${what}: ${reply.status}`);
        assert.equal(reply.headers["cache-control"], "no-store", what);
        assert.equal(reply.headers["cdn-cache-control"] ?? reply.headers.etag ?? reply.headers["last-modified"], undefined, what);
        assert.doesNotMatch(cacheStatus(reply), /HIT|STALE|REVALIDATED|UPDATING/, what);
      });
      for (const [path, status] of Object.entries({ "/healthz/live": 200, "/healthz/ready": 200, "/healthz/open": 503 }))
        for (const more of [...CONDITIONS, ...CONDITIONS]) {
          const reply = await request(nginx, path, { headers: more });
          assert.deepEqual([reply.status, reply.headers["cache-control"], cacheStatus(reply)], [status, "no-store", "MISS"], path);
        }
      assert.equal(nginx.stored(), 0);
      await (
        await upgate.upgrader.start({ where: "here" })
      ).finished;
      await upgate.whenOpen();
      assert.equal((await request(nginx, "/healthz/open")).status, 200);
      await everyQuestion(async (path, how) => {
        if (how.method !== "GET" || how.headers?.["range"]) return;
        assert.ok(!isPage(await request(nginx, path, how)), JSON.stringify(how));
      });
    });

  for (const [name, location] of Object.entries(EAGER))
    it(`${name}, no page of the wizard and of System Health is stored`, async (t) => {
      const { upgate, nginx } = await cachedSite(t, location);
      const client = new PageClient(`http://127.0.0.1:${nginx.address().port}`);
      const isFresh = (path: string, headers: Headers): void =>
        assert.deepEqual(
          [headers.get("cache-control"), headers.get("x-cache-status"), headers.get("etag"), headers.get("cdn-cache-control")],
          ["no-store", "MISS", null, null],
          path,
        );
      await client.signIn(INSTALL_KEY);
      for (const path of ["/install", "/install/review", "/install/assets/wizard.css", "/install/status", "/install/nowhere"])
        for (let time = 0; time < 2; time++) isFresh(path, (await client.get(path)).headers);
      isFresh("review", (await client.post("/install/review", { _csrf: (await client.get("/install/review")).csrf })).headers);
      await client.post("/install/start", { backup: "own" });
      await until("the upgrade to finish", async () => (await client.get("/install/progress")).location === "done");
      isFresh("done", (await client.get("/install/done")).headers);
      await upgate.whenOpen();
      for (let time = 0; time < 2; time++) isFresh("/health", (await client.get("/health")).headers);
      assert.equal(nginx.stored(), 0);
    });

  it("what the application lets it store is served on while it is fresh: only the proxy can drop it", async (t) => {
    const site = await cachedSite(t, RECIPE, { version: "1.0.0" });
    await site.upgate.whenOpen();
    const [long, never] = [page("public, max-age=600"), page("no-store")];
    for (const path of [long, never]) assert.equal((await request(site.nginx, path)).body, "the application");
    await closeForGood(site);
    const stored = await request(site.nginx, long);
    assert.deepEqual([stored.status, cacheStatus(stored)], [200, "HIT"]);
    assert.ok(isPage(await request(site.nginx, never)));
    assert.ok(isPage(await request(site.server, long)), "the process itself gives nothing out");
    site.nginx.purge();
    assert.ok(isPage(await request(site.nginx, long)));
    assert.equal(site.nginx.stored(), 0);
  });

  it("emptied by onClose, it stores nothing until the site opens", async (t) => {
    const site = await cachedSite(t, RECIPE, { version: "1.0.0" });
    site.upgate.onClose(() => site.nginx.purge());
    await site.upgate.whenOpen();
    const path = page("public, max-age=600");
    for (const status of ["MISS", "HIT"]) assert.equal(cacheStatus(await request(site.nginx, path)), status);
    await closeForGood(site);
    assert.ok(isPage(await request(site.nginx, path)));
  });

  it("what is no longer fresh is served on where the proxy may use stale answers for 503, and not where it may not", async (t) => {
    for (const [location, policy, isServedOn] of [
      [WITH_STALE, "max-age=1", true],
      [RECIPE, "max-age=1", false],
      [RECIPE, "max-age=1, must-revalidate", false],
    ] as const) {
      const site = await cachedSite(t, location, { version: "1.0.0" });
      await site.upgate.whenOpen();
      assert.equal((await request(site.nginx, page(policy))).body, "the application");
      await closeForGood(site);
      const reply = await until("the stored page to be too old", async () => {
        const given = await request(site.nginx, page(policy));
        return cacheStatus(given) === "HIT" ? null : given;
      });
      assert.deepEqual([isPage(reply), cacheStatus(reply)], isServedOn ? [false, "STALE"] : [true, "EXPIRED"], policy);
    }
  });

  it("a connection that has been used for the application gets the page as soon as the process has closed", async (t) => {
    const site = await cachedSite(t, ["proxy_set_header Connection ''"], { version: "1.0.0" });
    await site.upgate.whenOpen();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const visit = (): Promise<{ status: number | undefined; port: number | undefined }> =>
      new Promise((resolve, reject) => {
        const { port } = site.server.address() as { port: number };
        get({ host: "127.0.0.1", port, path: page("no-store"), agent }, (answer) => {
          const from = answer.socket.localPort;
          answer.resume().once("end", () => resolve({ status: answer.statusCode, port: from }));
        }).once("error", reject);
      });
    const before = await visit();
    await closeForGood(site);
    const after = await visit();
    assert.deepEqual([before.status, after.status, after.port], [200, 503, before.port]);
  });
});
