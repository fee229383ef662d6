import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import express4 from "express4";
import type { Upgate, UpgateOptions } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { createProject, INSTALL_KEY, type ProjectOptions, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the wizard on ${kind.name}`, () => wizardOn(kind));

type Scene = (parts: { client: PageClient; upgate: Upgate; base: string; project: TestProject }) => Promise<void>;

/** Waits until the test writes the file `go` into the project. */
const WAITING = `import { existsSync } from "node:fs";
export const up = async (knex) => {
  await knex("products").update({ price_cents: 995 });
  const deadline = Date.now() + 60_000;
  while (!existsSync(new URL("../../go", import.meta.url)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
};`;

/** Of MySQL and MariaDB. */
const SERVER_CHECKS = [
  "table-collations",
  "storage-engine",
  "row-format",
  "sql-mode",
  "time-zone",
  "max-allowed-packet",
  "read-only",
  "replication",
];

function wizardOn(kind: DatabaseKind): void {
  /** A site at release 1.0.0 with the files of 1.1.0, or not installed at all. */
  async function scene(play: Scene, { fresh = false, ...more }: Partial<ProjectOptions> & { fresh?: boolean } = {}): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS, license: "# Terms\n\nBe kind.", ...more });
    const { configFile: _none, ...here } = project.options;
    const options: UpgateOptions = here;
    if (!fresh) await install(options, "1.0.0");
    await withUpgate(options, async (upgate) =>
      listening(hostApplication(upgate), (base) => play({ client: new PageClient(base), upgate, base, project })),
    );
    project.remove();
  }

  /** Everything that a refused request must not change. */
  async function contents(upgate: Upgate): Promise<string> {
    const tables = ["upgate_run", "upgate_session", "upgate_migration", "upgate_secret"];
    const rows = await Promise.all(tables.map((table) => upgate.knex(table).select()));
    const { token, host } = await upgate.knex("upgate_lease").first();
    return JSON.stringify([rows.map((list) => list.map(({ seen_at: _seen, expires_at: _expires, ...row }) => row)), token, host]);
  }

  it("walks from the key to the sealed installer without JavaScript", () =>
    scene(async ({ client, upgate }) => {
      const headings: string[] = [];
      const follow = async (location: string | null): Promise<void> => {
        let page = await client.get(new URL(location ?? "", `${client.base}/install/`).pathname);
        for (let hops = 0; page.location !== null && hops < 5; hops++)
          page = await client.get(new URL(page.location, `${client.base}/install/`).pathname);
        headings.push(page.heading);
      };
      await client.get("/install");
      await follow((await client.post("/install/key", { key: INSTALL_KEY })).location);
      await follow((await client.post("/install/license", { agree: "yes" })).location);
      await follow((await client.post("/install/review")).location);
      const started = await client.post("/install/start", { backup: "own" });
      assert.equal(started.location, "progress");
      await until("the upgrade to finish", async () => (await client.get("/install/progress")).location === "done");
      const done = await client.get("/install/done");
      assert.equal(done.heading, "Upgrade Completed Successfully!");
      assert.deepEqual(headings, ["Licence Agreement", "Review the Upgrade", "Back Up Your Database"]);
      assert.equal((await client.post("/install/done")).location, "/admin");
      const sealed = await client.get("/install");
      const never = await client.get("/never-there");
      assert.equal(sealed.status, 404);
      assert.equal(
        sealed.text.replaceAll("/install", ""),
        never.text.replaceAll("/never-there", ""),
        "sealed looks like a path that was never there",
      );
      assert.equal((await client.get("/install/assets/wizard.css")).status, 404);
      assert.match((await upgate.badge()).label, /You are up to date!/);
    }));

  it("works in an Express 4 application whose own body parsers have read the form before", () =>
    scene(async ({ upgate }) => {
      const app = express4();
      app.use(express4.json(), express4.urlencoded({ extended: true }));
      app.use(upgate.guard());
      app.use("/install", upgate.installer());
      app.get("/", (_req, res) => void res.send("open"));
      await listening(app, async (base) => {
        const client = new PageClient(base);
        await signIn(client);
        await client.post("/install/license", { agree: "yes" });
        await client.post("/install/review");
        assert.equal((await client.post("/install/start", { backup: "own" })).location, "progress");
        await until("the upgrade to finish", async () => (await client.get("/install/progress")).location === "done");
        assert.equal((await client.post("/install/done")).status, 303);
        assert.equal((await client.get("/install")).status, 404);
        assert.equal((await client.get("/")).text, "open");
      });
    }));

  it("says Install instead of Upgrade on a database that is empty", () =>
    scene(
      async ({ client }) => {
        await client.signIn(INSTALL_KEY);
        await client.post("/install/license", { agree: "yes", _csrf: (await client.get("/install/license")).csrf });
        assert.match((await client.get("/install/review")).heading, /Install/);
        await client.post("/install/review");
        assert.match((await client.get("/install/backup")).text, /Start the Install/);
        await client.post("/install/start", { backup: "own" });
        await until("the installation to finish", async () => (await client.get("/install/progress")).location === "done");
        assert.equal((await client.get("/install/done")).heading, "Install Completed Successfully!");
        assert.equal((await client.get("/")).status, 200);
      },
      { fresh: true },
    ));

  const refusals: [string, number, (client: PageClient) => Promise<{ status: number; text: string }>][] = [
    ["a wrong key", 403, async (c) => (await c.get("/install"), c.post("/install/key", { key: "wrong" }))],
    ["no key", 400, async (c) => (await c.get("/install"), c.post("/install/key", { key: "" }))],
    ["the right key without the form's token", 403, (c) => c.post("/install/key", { key: INSTALL_KEY, _csrf: "" })],
    [
      "the right key with a made-up token",
      403,
      (c) => c.post("/install/key", { key: INSTALL_KEY, _csrf: `${Date.now().toString(36)}.AAAA` }),
    ],
    ["a form without a session", 403, (c) => c.post("/install/start", { backup: "own" })],
    ["a start before the licence", 409, async (c) => (await signIn(c), c.post("/install/start", { backup: "own" }))],
    ["a review before the licence", 409, async (c) => (await signIn(c), c.post("/install/review"))],
    ["a resume with nothing to resume", 409, async (c) => (await signIn(c), c.post("/install/resume"))],
    ["a retry with nothing to retry", 409, async (c) => (await signIn(c), c.post("/install/retry"))],
    ["a restore with nothing to restore", 409, async (c) => (await signIn(c), c.post("/install/restore"))],
    ["the licence without the tick", 400, async (c) => (await signIn(c), c.post("/install/license"))],
    ["a form with another token", 403, async (c) => (await signIn(c), c.post("/install/license", { agree: "yes", _csrf: "x" }))],
    [
      "a form from another site",
      403,
      async (c) => (await signIn(c), c.post("/install/license", { agree: "yes" }, { "sec-fetch-site": "cross-site" })),
    ],
    [
      "a form of a foreign origin",
      403,
      async (c) => (await signIn(c), c.post("/install/license", { agree: "yes" }, { origin: "https://evil.example" })),
    ],
    ["an oversized form", 413, async (c) => (await signIn(c), c.post("/install/license", { agree: "yes", pad: "x".repeat(100_000) }))],
    [
      "a form with too many fields",
      413,
      async (c) => (await signIn(c), c.post("/install/license", Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, "1"])))),
    ],
    ["an unknown step", 404, async (c) => (await signIn(c), c.get("/install/no-such-step"))],
    ["an unknown asset", 404, async (c) => (await signIn(c), c.get("/install/assets/package.json"))],
    ["a start by GET", 405, async (c) => (await signIn(c), c.get("/install/start"))],
    ["the status without a session", 403, (c) => c.get("/install/status")],
    ["a forged cookie", 403, async (c) => ((c.cookie = "upgate_session=abc.def"), c.get("/install/status"))],
  ];
  const signIn = async (client: PageClient): Promise<void> => {
    await client.signIn(INSTALL_KEY);
    await client.get("/install/license");
  };

  for (const [what, status, act] of refusals) {
    it(`refuses ${what} with a page that says so, and changes nothing`, () =>
      scene(async ({ client, upgate }) => {
        await signIn(new PageClient(client.base));
        const answered = await act(client);
        const before = await contents(upgate);
        const again = await act(client);
        assert.equal(answered.status, status);
        assert.equal(again.status, status);
        const [runs, now] = [await upgate.knex("upgate_run").whereNot({ to_version: "1.0.0" }), await contents(upgate)];
        assert.deepEqual(runs, []);
        const sessionsAside = (text: string): string =>
          JSON.stringify((JSON.parse(text) as unknown[][]).map((part, i) => (i === 0 ? part.filter((_, j) => j !== 1) : part)));
        assert.equal(sessionsAside(now), sessionsAside(before));
        assert.match(answered.text, /<h1/);
        assert.doesNotMatch(answered.text, /\bat .*\.[jt]s:\d+/, "no stack trace");
      }));
  }

  it("sends the operator back to the first unfinished step", () =>
    scene(async ({ client }) => {
      await signIn(client);
      for (const page of ["review", "backup", "progress", "failed", "done", ""])
        assert.equal((await client.get(`/install/${page}`)).location, "license");
      await client.post("/install/license", { agree: "yes" });
      for (const page of ["backup", "progress", "done"]) assert.equal((await client.get(`/install/${page}`)).location, "review");
      assert.equal((await client.get("/install/license")).status, 200, "a finished step may be read again");
    }));

  it("tells whoever has no key nothing but that a key is needed", () =>
    scene(async ({ client }) => {
      const page = await client.get("/install");
      assert.equal(page.heading, "Install Key");
      assert.doesNotMatch(page.text, /1\.[01]\.0|behind|products|upgate_/);
      for (const path of ["license", "review", "backup", "progress", "done", "report"])
        assert.equal((await client.get(`/install/${path}`)).location, "./");
    }));

  it("keeps the cookie to the wizard and away from scripts", () =>
    scene(async ({ client }) => {
      await client.get("/install");
      const { headers } = await client.post("/install/key", { key: INSTALL_KEY });
      const cookie = headers.get("set-cookie") ?? "";
      assert.match(cookie, /HttpOnly/);
      assert.match(cookie, /SameSite=Strict/);
      assert.doesNotMatch(cookie, /Path=|Secure/);
      const secure = await client.post("/install/key", { key: INSTALL_KEY }, { "x-forwarded-proto": "https" });
      assert.match(secure.headers.get("set-cookie") ?? "", /Secure/);
    }));

  it("shows why it failed, offers the report, and goes on at Retry", () =>
    scene(
      async ({ client, upgate }) => {
        await signIn(client);
        await client.post("/install/license", { agree: "yes" });
        await client.post("/install/review");
        await client.post("/install/start", { backup: "own" });
        await until("the upgrade to fail", async () => (await client.get("/install/progress")).location === "failed");
        const failed = await client.get("/install/failed");
        assert.equal(failed.heading, "Upgrade Failed");
        assert.match(failed.text, /no_such_table/);
        const report = await client.get("/install/report");
        assert.match(report.headers.get("content-disposition") ?? "", /attachment/);
        const { run } = JSON.parse(report.text) as { run: { error: { migration: string } } };
        assert.equal(run.error.migration, "1.1.0/0002-fill-prices");
        await upgate.knex.schema.createTable("no_such_table", (table) => void table.integer("a"));
        assert.equal((await client.post("/install/retry")).location, "progress");
        await until("the upgrade to finish", async () => (await client.get("/install/progress")).location === "done");
      },
      {
        migrations: {
          ...SHOP_MIGRATIONS,
          "1.1.0/0002-fill-prices.mjs": `export const up = (knex) => knex("no_such_table").update({ a: 1 });`,
        },
      },
    ));

  it("lets the operator in at a node that boots in mid-run, and that node opens at the end", () =>
    scene(
      async ({ upgate, project }) => {
        const run = await upgate.upgrader.start({ where: "here" });
        await until("the second change to run", async () => (await upgate.upgrader.status()).run?.migrations[1]?.status === "running");
        await withUpgate(project.options, async (late) =>
          listening(hostApplication(late), async (base) => {
            assert.equal(late.state().kind, "running");
            const operator = new PageClient(base);
            await operator.signIn(INSTALL_KEY);
            assert.equal((await operator.get("/install/progress")).heading, "Upgrade in Progress");
            assert.equal((await operator.get("/install/status")).status, 200);
            project.write("go", "");
            assert.equal((await run.finished).status, "completed", project.lines.join("\n"));
            await until("the done page", async () => (await operator.get("/install/progress")).location === "done");
            await until("the late node to open", async () => (await operator.get("/")).status === 200);
            await until("the audit entry", () => late.knex("upgate_audit").where({ event: "key-accepted" }).first());
          }),
        );
      },
      { migrations: { ...SHOP_MIGRATIONS, "1.1.0/0002-fill-prices.mjs": WAITING } },
    ));

  it("tells System Health as a page and as JSON, once the gate is open", () =>
    scene(async ({ base, upgate }) => {
      await (
        await upgate.upgrader.start({ backup: { kind: "own", address: "test" } })
      ).finished;
      await until("the gate to open", () => upgate.state().kind === "current");
      const page = await fetch(`${base}/admin/system-health`, { headers: { accept: "text/html" } });
      assert.match(await page.text(), /<h1[^>]*>System Health/);
      const answer = await fetch(`${base}/admin/system-health`, { headers: { accept: "application/json" } });
      const health = (await answer.json()) as {
        badge: { label: string };
        checks: { id: string; severity: string; message: string }[];
        runs: { status: string; to: string }[];
      };
      assert.equal(health.badge.label, "You are up to date!");
      assert.deepEqual(
        health.checks.map(({ id }) => id),
        [
          "version",
          "pending-migrations",
          "migration-files",
          "manifest",
          "integrity",
          "release-signature",
          "run",
          "earlier-runs",
          "database",
          "database-server",
          "database-charset",
          "privileges",
          ...(kind.name === "SQLite" ? [] : SERVER_CHECKS),
          "database-disk",
          ...(kind.name === "SQLite" ? [] : ["long-transactions", "metadata-locks"]),
          "version-row",
          "own-tables",
          "clock",
          "upgate",
          "node",
          "knex",
          "express",
          "driver",
          "engines",
          "data-dir",
          "free-space",
          "nodes",
          "connections",
          "lease",
          "backup",
          "backup-tool",
          "backup-space",
          "installer",
          "install-key",
        ],
      );
      assert.match(health.checks.find(({ id }) => id === "database-server")?.message ?? "", new RegExp(kind.name));
      assert.match(health.checks.find(({ id }) => id === "installer")?.message ?? "", /Sealed/);
      assert.deepEqual(
        health.runs.map(({ status, to }) => [status, to]),
        [
          ["completed", "1.1.0"],
          ["completed", "1.0.0"],
        ],
      );
    }));

  it("streams the progress as events of the status object", () =>
    scene(async ({ client, base }) => {
      await signIn(client);
      await client.post("/install/license", { agree: "yes" });
      await client.post("/install/review");
      const abort = new AbortController();
      const stream = await fetch(`${base}/install/events`, { headers: { cookie: client.cookie }, signal: abort.signal });
      assert.equal(stream.headers.get("content-type"), "text/event-stream; charset=utf-8");
      assert.equal(stream.headers.get("x-accel-buffering"), "no");
      await client.post("/install/start", { backup: "own" });
      let text = "";
      for await (const chunk of stream.body ?? []) {
        text += Buffer.from(chunk).toString();
        if (text.includes('"completed"')) break;
      }
      abort.abort();
      const events = [...text.matchAll(/^data: (.*)$/gm)].map(
        (match) => JSON.parse(match[1] ?? "") as { run: { status: string; percent: number } | null },
      );
      assert.equal(events[0]?.run, null);
      assert.deepEqual(Object.keys(events.at(-1)?.run ?? {}).toSorted(), [
        "activity",
        "detail",
        "drain",
        "etaSeconds",
        "id",
        "log",
        "migrations",
        "percent",
        "startedAt",
        "status",
        "step",
      ]);
      assert.equal(events.at(-1)?.run?.percent, 100);
    }));
}
