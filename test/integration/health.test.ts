import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { HostCheck, UpgateOptions } from "../../src/index.js";
import type { HealthReport } from "../../src/upgrade/health-report.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { addNode, type HealthScene, healthScene } from "../support/health-scene.js";
import { type TestServer, startMariaDb } from "../support/mariadb.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`System Health on ${kind.name}`, () => healthOn(kind));

type Health = Omit<HealthReport, "groups"> & {
  readonly badge: { readonly label: string };
  readonly checks: readonly {
    readonly group: string;
    readonly id: string;
    readonly title: string;
    readonly severity: string;
    readonly message: string;
    readonly docsUrl: string | null;
  }[];
};

async function readJson(health: string): Promise<Health> {
  const answer = await fetch(health, { headers: { accept: "application/json" } });
  assert.equal(answer.status, 200);
  return (await answer.json()) as Health;
}

async function readText(health: string): Promise<string> {
  const answer = await fetch(health, { headers: { accept: "text/plain" } });
  assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
  return answer.text();
}

const readPage = async (address: string): Promise<string> => (await fetch(address, { headers: { accept: "text/html" } })).text();

function healthOn(kind: DatabaseKind): void {
  async function scene(play: (scene: HealthScene) => Promise<void>, more: Partial<UpgateOptions> = {}): Promise<void> {
    const { address } = await kind.create();
    await healthScene(address, more, play);
  }

  it("tells versions, processes, backup, runs with timings and options alike as JSON and as text", () =>
    scene(async ({ health }) => {
      const json = await readJson(health);
      assert.deepEqual([...new Set(json.checks.map(({ group }) => group))], ["Release", "Database", "Server", "Nodes", "Backup", "Safety"]);
      assert.equal(json.checks.filter(({ severity }) => severity === "ok").length, json.counts.ok);
      const [node] = json.nodes ?? [];
      assert.deepEqual([node?.pid, node?.isThis, node?.gate, node?.codeVersion], [process.pid, true, "open", "1.1.0"]);
      const [run, first] = json.runs ?? [];
      assert.deepEqual(
        [run?.kind, run?.status, run?.startedBy, run?.planned],
        ["upgrade", "completed", { address: "127.0.0.1", via: "wizard" }, 2],
      );
      assert.deepEqual(
        run?.migrations.map(({ name, ms }) => [name, typeof ms]),
        [
          ["1.1.0/0001-product-price", "number"],
          ["1.1.0/0002-fill-prices", "number"],
        ],
      );
      assert.equal(first?.kind, "install");
      assert.deepEqual([json.backup === "unread" ? null : json.backup?.kind, json.settings["mode"]], ["own", "wizard"]);
      assert.match(json.versions?.driver ?? "", kind.name === "SQLite" ? /^(?:libsql|better-sqlite3) \d/ : /^mysql2 \d/);

      const text = await readText(health);
      for (const line of text.split("\n")) assert.ok(line.length <= 80 || !/\S\s+\S/.test(line.trim()), `longer than 80 columns: ${line}`);
      for (const { id } of json.checks) assert.ok(text.includes(`(${id}):`), id);
      for (const part of [
        /^System Health, \d{4}/,
        /\nVersions\n--------\n/,
        /\(process \d+\), this one\n/,
        /\d ms {2}1\.1\.0\/0002-fill-prices\n/,
        /\nmode +wizard\n/,
      ])
        assert.match(text, part);
      assert.equal(await (await fetch(`${health}?format=text`)).text().then((other) => other.split("\n").length), text.split("\n").length);
    }));

  it("is one page that folds away what is well, and links each check to what the documentation says", () =>
    scene(async ({ health }) => {
      const page = await readPage(health);
      assert.match(page, /<h1[^>]*>System Health<\/h1>/);
      assert.match(page, /<details class="group check-ok">\s*<summary><h3>Release<\/h3>/);
      const links = [...page.matchAll(/href="(\?help=[a-z-]+)"/g)].map((match) => match[1] as string);
      assert.equal(links.length, (await readJson(health)).checks.length);
      for (const link of new Set(links)) {
        const help = await fetch(health + link);
        assert.equal(help.status, 200, link);
        assert.match(await help.text(), /<div class="prose" lang="en" dir="ltr">\s*<p>/, link);
      }
      assert.match(await readPage(`${health}?lang=de`), /href="\?help=version&amp;lang=de"/);
      for (const unknown of ["?help=no-such-check", "?help=constructor"]) assert.equal((await fetch(health + unknown)).status, 404);
    }));

  it("can be saved, and the report of each run with it", () =>
    scene(async ({ health }) => {
      for (const [format, type] of [
        ["json", "application/json; charset=utf-8"],
        ["text", "text/plain; charset=utf-8"],
      ] as const) {
        const { headers } = await fetch(`${health}?format=${format}&download`);
        const extension = format === "text" ? "txt" : "json";
        assert.match(
          headers.get("content-disposition") ?? "",
          new RegExp(`^attachment; filename="system-health-\\d{4}-\\d\\d-\\d\\d\\.${extension}"$`),
        );
        assert.deepEqual([headers.get("content-type"), headers.get("cache-control")], [type, "no-store"]);
      }
      const id = (await readJson(health)).runs?.[0]?.id;
      const report = await fetch(`${health}?report=${id}`);
      assert.equal(report.headers.get("content-disposition"), `attachment; filename="upgrade-report-${id}.json"`);
      assert.equal(((await report.json()) as { run: { id: string } }).run.id, id);
      assert.equal((await fetch(`${health}?report=20200101T000000-00000000`)).status, 404);
      assert.equal((await fetch(`${health}?report=%0d%0aX-A:1`)).headers.get("content-type"), "text/html; charset=utf-8");
      const head = await fetch(`${health}?format=text`, { method: "HEAD" });
      assert.deepEqual([head.status, await head.text()], [200, ""]);
    }));

  it("holds no password, wherever somebody has let it slip", async () => {
    const secret = "planted-webhook-secret";
    const checks: HostCheck[] = [
      {
        id: "leaks",
        run: () => ({ severity: "warning", message: `It posts with ${secret} to mysql://shop:planted-pw@db/x.`, remedy: secret }),
      },
      { id: "throws", run: () => Promise.reject(new Error(`no ${secret}`)) },
    ];
    const notifications = { webhook: { url: "http://127.0.0.1:9/", secret }, on: ["interrupted"] } as const;
    await scene(
      async ({ health }) => {
        for (const body of [await readPage(health), await readText(health), JSON.stringify(await readJson(health))]) {
          assert.ok(!body.includes(secret) && !body.includes("planted-pw"), body);
          assert.match(body, /It posts with …/);
        }
      },
      { checks, notifications: { ...notifications, on: ["interrupted"] } },
    );
  });

  it("shows the vendor's checks in the groups they name, with their own documentation", async () => {
    const checks: HostCheck[] = [
      {
        id: "queue",
        group: "Workers",
        docsUrl: "https://docs.example.com/queue",
        run: () => ({ severity: "warning", message: "312 jobs wait." }),
      },
      { id: "indexes", group: "Database", run: () => null },
      { id: "license", run: () => null },
    ];
    await scene(
      async ({ health }) => {
        const { checks: found } = await readJson(health);
        const own = (id: string): [string | undefined, string | null | undefined] => {
          const check = found.find((one) => one.id === id);
          return [check?.group, check?.docsUrl];
        };
        assert.deepEqual(own("queue"), ["Workers", "https://docs.example.com/queue"]);
        assert.deepEqual(own("indexes"), ["Database", null]);
        assert.deepEqual(own("license"), ["Application", null]);
        const page = await readPage(health);
        assert.match(page, /<details class="group check-warning" open>\s*<summary><h3>Workers/);
        assert.match(page, /href="https:\/\/docs\.example\.com\/queue" rel="noopener noreferrer"/);
        assert.doesNotMatch(page, /help=license/);
        assert.match(await readText(health), /To be looked at\n-+\n(?:.+\n)*?warning +Workers: queue \(queue\): 312 jobs wait\./);
      },
      { checks },
    );
  });

  it("answers though a check of the vendor's hangs, and asks it once for all who wait", async () => {
    let asked = -Infinity;
    // Not while the upgrade asks it before its start.
    const checks: HostCheck[] = [{ id: "hangs", run: () => (++asked > 0 ? new Promise(() => undefined) : null) }];
    await scene(
      async ({ health }) => {
        asked = 0;
        const began = performance.now();
        const [json, page] = await Promise.all([readJson(health), readPage(health)]);
        const tookMs = performance.now() - began;
        assert.ok(tookMs > 4500 && tookMs < 9000, `${tookMs} ms`);
        assert.equal(asked, 1);
        assert.match(json.checks.find(({ id }) => id === "hangs")?.message ?? "", /has not answered within 5 s/);
        assert.match(page, /has not answered within 5 s/);
        assert.ok((json.nodes?.length ?? 0) > 0 && (json.runs?.length ?? 0) > 0);
      },
      { checks },
    );
  });

  it("marks processes of other releases, and those that nobody hears of", () =>
    scene(async ({ health, upgate }) => {
      await addNode(upgate.knex, "old-1", "1.0.0");
      await addNode(upgate.knex, "lost-1", "1.1.0", "2020-01-01T00:00:00.000Z");
      const { nodes, checks } = await readJson(health);
      const told = Object.fromEntries((nodes ?? []).map(({ host, isOdd, gate, inFlight }) => [host, [isOdd, gate, inFlight]]));
      assert.deepEqual(
        [told["old-1"], told["lost-1"]],
        [
          [true, "closed", 3],
          [false, "silent", 3],
        ],
      );
      assert.equal(checks.find(({ id }) => id === "nodes")?.severity, "warning");
      assert.match(await readPage(health), /<tr class="odd">\s*<th scope="row"><bdi>old-1<\/bdi>/);
      assert.match(await readText(health), /old-1 \(process 811\), other files than this one's/);
    }));

  it("tells what earlier runs have left, until one leaves nothing", () =>
    scene(async ({ health, upgate }) => {
      const severities = async (): Promise<string[]> =>
        (await readJson(health)).checks.filter(({ id }) => id === "earlier-runs").map(({ severity }) => severity);
      assert.deepEqual(await severities(), ["ok"]);
      const [last] = (await readJson(health)).runs ?? [];
      const left = ["web-2 (process 7): its connections to db-1 can't be ended from here"];
      await upgate
        .knex("upgate_run")
        .where({ id: last?.id })
        .update({
          passed_over: JSON.stringify(left),
          ignored_checks: JSON.stringify({ ids: ["queue"], confirmedAt: last?.startedAt, address: "cli" }),
        });
      await upgate.knex("upgate_audit").insert({
        id: "a-message",
        happened_at: last?.finishedAt,
        event: "notification-failed",
        address: "auto",
        session_id: null,
        detail: `${last?.id}: mail: connect ECONNREFUSED 127.0.0.1:9`,
      });
      assert.deepEqual(await severities(), ["warning", "info", "warning"]);
      assert.match(await readPage(health), /passed over a process that gave no sign of life: web-2 \(process 7\): its connections/);
      assert.match(await readText(health), /was not taken: mail: connect\s+ECONNREFUSED/);
    }));
}

describe("System Health without its database", () => {
  let server: TestServer | null = null;
  after(() => server?.stop());

  it("says so once, and tells what it knows", async () => {
    server = await startMariaDb();
    const { default: mysql } = await import("mysql2/promise");
    const root = await mysql.createConnection(server.url("mysql"));
    await root.query("CREATE DATABASE upgate_health");
    await root.end();
    await healthScene(server.url("upgate_health"), { branding: { name: "Shop" } }, async ({ health }) => {
      await server?.kill();
      const began = performance.now();
      const json = await readJson(health);
      assert.ok(performance.now() - began < 10_000);
      assert.deepEqual(
        json.checks.filter(({ group }) => group === "Database").map(({ id, severity }) => [id, severity]),
        [["database", "danger"]],
      );
      assert.deepEqual([json.nodes, json.runs, json.versions?.database, json.product], [null, null, null, "Shop"]);
      assert.ok(json.checks.some(({ id }) => id === "node"));
      const page = await readPage(health);
      assert.match(page, /They could not be read\./);
      assert.match(await readText(health), /Last runs\n-+\ncould not be read\n/);
    });
  });
});
