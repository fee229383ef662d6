import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { RunProgress, Upgate } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { startNginx } from "../support/nginx.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`progress on ${kind.name}`, () => progressOn(kind));

/** Logs, and waits until the test writes the file `go` into the project. */
const LOGGING = `import { existsSync } from "node:fs";
export const up = async (knex, ctx) => {
  ctx.log.info("looking at the prices");
  ctx.log.warn("two have none");
  await knex("products").update({ price_cents: 995 });
  const deadline = Date.now() + 60_000;
  while (!existsSync(new URL("../../go", import.meta.url)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
};`;

interface Scene {
  readonly upgate: Upgate;
  readonly project: TestProject;
  readonly base: string;
  readonly client: PageClient;
}

function progressOn(kind: DatabaseKind): void {
  async function scene(migrations: Record<string, string>, play: (scene: Scene) => Promise<void>): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: { ...SHOP_MIGRATIONS, ...migrations } });
    const { configFile: _none, ...here } = project.options;
    await install(here, "1.0.0");
    await withUpgate(here, async (upgate) =>
      listening(hostApplication(upgate), (base) => play({ upgate, project, base, client: new PageClient(base) })),
    );
    project.remove();
  }
  const runOf = async (upgate: Upgate): Promise<RunProgress | null> => (await upgate.upgrader.status()).run;
  const underWay = (upgate: Upgate): Promise<RunProgress> =>
    until("the second change to run", async () => {
      const run = await runOf(upgate);
      return run?.migrations[1]?.status === "running" ? run : null;
    });

  it("shows what migrations log, as soon as the database lets others write, and to whoever comes later", () =>
    scene({ "1.1.0/0002-fill-prices.mjs": LOGGING }, async ({ upgate, project, client }) => {
      const run = await upgate.upgrader.start({ where: "here" });
      const lines = async (): Promise<string[]> => ((await runOf(upgate))?.log ?? []).map(({ level, text }) => `${level}: ${text}`);
      await underWay(upgate);
      if (kind.name !== "SQLite") await until("the lines", async () => (await lines()).length === 2);
      await client.signIn(INSTALL_KEY);
      const page = await client.get("/install/progress");
      assert.match(page.text, /<title>50% – Upgrade in Progress/);
      assert.match(page.text, /assets\/favicon-running\.svg/);
      if (kind.name !== "SQLite") assert.match(page.text, /looking at the prices/);
      project.write("go", "");
      assert.equal((await run.finished).status, "completed", project.lines.join("\n"));
      assert.deepEqual(await lines(), ["info: looking at the prices", "warn: two have none"]);
      assert.ok(project.lines.includes("two have none"), "the vendor's own logger has it, too");
      await until("the done page", async () => (await client.get("/install/progress")).location === "done");
      assert.match((await client.get("/install/done")).text, /assets\/favicon-done\.svg/);
      assert.equal((await client.get("/install/assets/favicon-done.svg")).headers.get("content-type"), "image/svg+xml");
    }));

  it("says of a step without figures that it has none", () =>
    scene({ "1.1.0/0002-fill-prices.mjs": LOGGING }, async ({ upgate, project }) => {
      const run = await upgate.upgrader.start({ where: "here" });
      const { detail, step } = await underWay(upgate);
      assert.match(detail ?? "", /no figures/);
      assert.equal(step?.percent ?? null, null);
      project.write("go", "");
      await run.finished;
      assert.equal((await runOf(upgate))?.detail, null);
    }));

  it("streams events with ids, says unchanged to who has missed nothing, and ends with the session", () =>
    scene({}, async ({ base, client, upgate }) => {
      await client.signIn(INSTALL_KEY);
      const first = await readEvents(base, client.cookie, {}, /^data: \{"state".*\n\n/m);
      assert.match(first.text, /^retry: \d+$/m);
      assert.match(first.id, /^[\da-f]{16}$/);
      const same = await readEvents(base, client.cookie, { "last-event-id": first.id }, /^event: unchanged\ndata: \{\}\n\n/m);
      assert.equal(same.id, first.id);
      const other = await readEvents(base, client.cookie, { "last-event-id": "of-another-state" }, /^data: \{"state".*\n\n/m);
      assert.equal(other.id, first.id);
      const stream = await fetch(`${base}/install/events`, { headers: { cookie: client.cookie } });
      const toTheEnd = stream.text();
      await upgate.knex("upgate_session").delete();
      assert.match(await toTheEnd, /^data: \{"state"/m);
      assert.equal((await fetch(`${base}/install/events`, { headers: { cookie: client.cookie } })).status, 403);
    }));

  it("lets fifty pages of a process listen; the next one is to ask instead", () =>
    scene({}, async ({ base, client }) => {
      await client.signIn(INSTALL_KEY);
      const abort = new AbortController();
      const open = (): Promise<Response> => fetch(`${base}/install/events`, { headers: { cookie: client.cookie }, signal: abort.signal });
      const answers = await Promise.all(Array.from({ length: 53 }, open));
      assert.equal(answers.filter(({ status }) => status === 200).length, 50, "also of those who come at once");
      const refused = await open();
      assert.equal(refused.status, 503);
      assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
      assert.equal((await client.get("/install/status")).status, 200, "polling goes on");
      abort.abort();
      await until(
        "a place to be free",
        async () => (await fetch(`${base}/install/events`, { method: "HEAD", headers: { cookie: client.cookie } })).status === 200,
      );
    }));

  if (kind.name === "SQLite")
    it("keeps a quiet stream alive by a comment", () =>
      scene({}, async ({ base, client }) => {
        await client.signIn(INSTALL_KEY);
        const { text } = await readEvents(base, client.cookie, {}, /^: heartbeat\n\n/m);
        assert.equal(text.match(/^data:/gm)?.length, 1);
      }));

  it("gives whoever sits behind a proxy that holds the stream back the same by polling", () =>
    scene({ "1.1.0/0002-fill-prices.mjs": LOGGING }, async ({ upgate, project, base, client }) => {
      const nginx = await startNginx(
        [new URL(base).port],
        ["proxy_buffering on", "proxy_ignore_headers X-Accel-Buffering", "proxy_buffers 8 64k", "proxy_buffer_size 64k"],
      );
      const outside = `http://127.0.0.1:${nginx.address().port}`;
      const abort = new AbortController();
      try {
        await client.signIn(INSTALL_KEY);
        const { cookie } = client;
        let streamed = "";
        const streaming = fetch(`${outside}/install/events`, { headers: { cookie }, signal: abort.signal })
          .then(async ({ body }) => {
            for await (const chunk of body ?? []) streamed += Buffer.from(chunk).toString();
          })
          .catch(() => undefined);
        const run = await upgate.upgrader.start({ where: "here" });
        const status = async (): Promise<RunProgress | null> => {
          const answer = await fetch(`${outside}/install/status`, { headers: { cookie } });
          assert.equal(answer.headers.get("cache-control"), "no-store");
          return ((await answer.json()) as { run: RunProgress | null }).run;
        };
        await until("the poll to tell of the second change", async () => (await status())?.migrations[1]?.status === "running");
        assert.equal((await status())?.percent, 50);
        // What nginx reads along with the headers comes through, and nothing after it.
        assert.equal(streamed.match(/^data:/gm)?.length ?? 0, 1, streamed);
        assert.doesNotMatch(streamed, /"percent":50/);
        project.write("go", "");
        await run.finished;
        await until("the poll to tell of the end", async () => (await status())?.status === "completed");
        abort.abort();
        await streaming;
      } finally {
        abort.abort();
        await nginx.stop();
      }
    }));

  if (kind.name !== "SQLite") onServers(scene, runOf);
  if (kind.name !== "SQLite") onLongAlter(kind.name, scene, runOf);
}

type PlayScene = (migrations: Record<string, string>, play: (scene: Scene) => Promise<void>) => Promise<void>;
type ReadRun = (upgate: Upgate) => Promise<RunProgress | null>;

function onServers(scene: PlayScene, runOf: ReadRun): void {
  it("shows the statement under way without its values, and how long it has been", () =>
    scene(
      {
        "1.1.0/0001-product-price.mjs": SHOP_MIGRATIONS["1.1.0/0001-product-price.mjs"],
        "1.1.0/0002-fill-prices.mjs": `export const up = (knex) => knex("products").update({ name: knex.raw("concat(?, sleep(1.5))", ["planted secret"]) });`,
      },
      async ({ upgate }) => {
        const run = await upgate.upgrader.start({ where: "here" });
        const seen = await until("the statement", async () => {
          const now = await runOf(upgate);
          return now?.step?.text.includes("sleep") ? now : null;
        });
        assert.match(seen.step?.text ?? "", /^update `products` set `name` = concat\(\?, sleep\(\?\)\)$/i);
        assert.equal(seen.step?.percent, null);
        assert.match(seen.detail ?? "", /gives no figures for this statement/);
        assert.doesNotMatch(JSON.stringify(seen), /planted secret/);
        await run.finished;
      },
    ));
}

/** So large that to copy it with three indexes takes some seconds. */
const MANY_ORDERS = `export const up = async (knex) => {
  await knex.raw("CREATE TABLE orders (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, note VARCHAR(250) NOT NULL)");
  await knex.raw("INSERT INTO orders (note) VALUES (REPEAT('x', 200))");
  for (let doubled = 0; doubled < 18; doubled++) await knex.raw("INSERT INTO orders (note) SELECT note FROM orders");
};`;

function onLongAlter(name: "MariaDB" | "MySQL", scene: PlayScene, runOf: ReadRun): void {
  it("shows how far a long ALTER is, by the server's own stages, and never goes back", () =>
    scene(
      {
        "1.0.0/0002-orders.mjs": MANY_ORDERS,
        "1.1.0/0001-a-orders.mjs": `export const up = (knex) => knex.raw("ALTER TABLE orders ADD COLUMN paid INT NOT NULL DEFAULT 0, ADD INDEX a (note, id), ADD INDEX b (paid, note), ADD INDEX c (note, paid), ALGORITHM=COPY");`,
      },
      async ({ upgate, client }) => {
        await upgate.knex.raw("ANALYZE TABLE orders");
        // MySQL tells only where it is asked to.
        if (name === "MySQL")
          await upgate.knex.raw("UPDATE performance_schema.setup_consumers SET ENABLED = 'YES' WHERE NAME = 'events_stages_current'");
        const run = await upgate.upgrader.start({ where: "here" });
        const percents: number[] = [];
        let page = "";
        const seen = await until("figures of the ALTER", async () => {
          const now = await runOf(upgate);
          if (now?.status === "running") percents.push(now.percent);
          assert.notEqual(now?.status, "failed", now?.error?.message);
          return now?.step?.percent && now.step.stage?.name === "copy to tmp table" ? now : null;
        });
        await client.signIn(INSTALL_KEY);
        page = (await client.get("/install/progress")).text;
        assert.match(seen.step?.text ?? "", /^ALTER TABLE orders ADD COLUMN paid/);
        assert.deepEqual([seen.step?.stage?.name, seen.step?.stage?.number], ["copy to tmp table", name === "MySQL" ? null : 1]);
        assert.match(seen.detail ?? "", /^\d+ % of this statement is done(?:, after \d+ s)?\. Stage(?: 1 of \d)?: copy to tmp table\.$/);
        assert.equal(seen.migrations[0]?.status, "running");
        await until(
          "the end",
          async () => {
            const now = await runOf(upgate);
            if (now?.status === "running") percents.push(now.percent);
            return now?.status !== "running";
          },
          90_000,
        );
        const { status, error } = await run.finished;
        assert.equal(status, "completed", error?.message);
        assert.ok(Math.max(...percents) > 0, percents.join(" "));
        assert.ok((seen.migrations[0]?.tableBytes ?? 0) > 10 * 1024 * 1024, "the size of its table counts");
        assert.deepEqual(
          percents,
          percents.toSorted((a, b) => a - b),
        );
        assert.match(page, /id="step-bar"|Upgrade Completed/);
      },
    ));
}

/** Reads the stream until it holds what is looked for, then hangs up. */
async function readEvents(
  base: string,
  cookie: string,
  headers: Record<string, string>,
  sought: RegExp,
): Promise<{ readonly text: string; readonly id: string }> {
  const abort = new AbortController();
  const stream = await fetch(`${base}/install/events`, { headers: { cookie, ...headers }, signal: abort.signal });
  assert.equal(stream.headers.get("x-accel-buffering"), "no");
  let text = "";
  try {
    for await (const chunk of stream.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (sought.test(text)) break;
    }
  } finally {
    abort.abort();
  }
  return { text, id: /^id: (.*)$/m.exec(text)?.[1] ?? "" };
}
