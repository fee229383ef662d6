import assert from "node:assert/strict";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import type { FeedOptions, Upgate, UpgateOptions } from "../../src/index.js";
import { signed } from "../../src/release/signature.js";
import type { FeedLog } from "../../src/upgrade/feed/feed-log.js";
import { runCli, runCliJson } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { type FeedServer, startFeedServer } from "../support/feed-server.js";
import { feedDocument, keyPair, release } from "../support/feeds.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { startSite } from "../support/site.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

const NEWER = feedDocument([release("1.2.0", { notesUrl: "https://vendor.example/1.2.0" }), release("1.1.0"), release("1.0.0")]);
const NEWER_STILL = feedDocument([release("1.3.0", { security: true })], { issuedAt: "2026-11-21T12:00:00Z" });

let vendor: FeedServer;
beforeEach(async () => (vendor = await startFeedServer(NEWER)));
afterEach(() => vendor.stop());

for (const kind of kinds) describe(`the vendor's list of releases on ${kind.name}`, () => feedOn(kind));

type Tested = Upgate & { readonly gatedKnex: unknown };
interface Answer {
  readonly update: { readonly version: string } | null;
  readonly error: { readonly code: string; readonly message: string };
}

function feedOn(kind: DatabaseKind): void {
  /** A site at release 1.1.0. */
  async function scene(
    more: Partial<UpgateOptions> & { feed?: FeedOptions },
    play: (project: TestProject, here: UpgateOptions) => Promise<void>,
  ): Promise<void> {
    const { address, drop } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS, more: { feed: { url: vendor.url }, ...more } });
    const { configFile: _none, ...here } = project.options;
    const { feed: _feed, ...silent } = here;
    await install(silent, "1.1.0");
    await play(project, here);
    project.remove();
    await drop();
  }
  const label = async (upgate: Upgate): Promise<string> => (await upgate.badge()).label;
  const logOf = async ({ knex }: Tested): Promise<FeedLog | null> => {
    const row: { value: string } | undefined = await knex("upgate_fact").where({ name: "feed-checked" }).first("value");
    return row ? (JSON.parse(row.value) as FeedLog) : null;
  };

  it("comes to the badge, to System Health and to upgate status", () =>
    scene({}, async (project, here) => {
      await withUpgate(here, async (upgate) => {
        await until("the badge to tell it", async () => (await label(upgate)) === "Update available: 1.2.0");
        const badge = await upgate.badge();
        assert.deepEqual([badge.severity, badge.href], ["info", "https://vendor.example/1.2.0"]);
      });
      assert.deepEqual(
        project.lines.filter((line) => /release 1\.2\.0/.test(line)),
        ["upgate: release 1.2.0 is available."],
      );
      const status = await runCliJson<Answer>(["status"], { cwd: project.folder });
      assert.deepEqual([status.code, status.json.update?.version], [0, "1.2.0"]);
      assert.match((await runCli(["status"], { cwd: project.folder })).stdout, /^update +Release 1\.2\.0 is available\.$/m);
      assert.match(
        (await runCli(["doctor"], { cwd: project.folder })).stdout,
        /Updates +Release 1\.2\.0 is available\. Your vendor's list was last read on/,
      );
      assert.equal(vendor.requests.length, 1);
    }));

  it("is asked for once, however many processes begin at once", () =>
    scene({}, async (project, here) => {
      vendor.answer((_req, res) => void setTimeout(() => res.end(JSON.stringify(NEWER)), 300));
      const sites = await Promise.all([startSite(project), startSite(project), startSite(project)]);
      await withUpgate(here, async (upgate) => {
        await until("the answer", async () => (await logOf(upgate))?.takenAt);
        await until("this process to know it", async () => (await label(upgate)) === "Update available: 1.2.0");
        const log = await logOf(upgate);
        assert.equal(log?.claimedUntil, null);
        const hours = (Date.parse(log?.dueAt ?? "") - Date.now()) / 3_600_000;
        assert.ok(hours > 21 && hours < 27, String(hours));
      });
      await Promise.all(sites.map((site) => site.stop()));
      assert.equal(vendor.requests.length, 1);
    }));

  it("keeps no request waiting, and no process from ending, while the vendor does not answer", () =>
    scene({ feed: { url: vendor.url, timeoutMs: 60_000 } }, async (_project, here) => {
      vendor.answer(() => undefined);
      const startMs = performance.now();
      await withUpgate(here, async (upgate) => {
        await until("the request", () => vendor.requests.length === 1);
        const askedMs = performance.now();
        assert.equal(await label(upgate), "You are up to date!");
        assert.ok(performance.now() - askedMs < 1000);
      });
      assert.ok(performance.now() - startMs < 15_000);
    }));

  it("stays as it was when a later answer is refused, and upgate feed says why", () =>
    scene({ publicKey: KEYS.publicKey }, async (project) => {
      const ask = (): Promise<{ readonly code: number | null; readonly json: Answer }> =>
        runCliJson<Answer>(["feed"], { cwd: project.folder });
      const ofUs = (document: object): object => signed(document, KEYS.privateKey);
      vendor.answer(ofUs(NEWER));
      const first = await ask();
      assert.deepEqual([first.code, first.json.update?.version], [10, "1.2.0"]);
      const refusals: [what: object | string, why: RegExp][] = [
        [NEWER_STILL, /It is not signed/],
        [signed(NEWER_STILL, keyPair().privateKey), /by none of the keys/],
        [{ ...ofUs(NEWER_STILL), releases: [release("9.9.9")] }, /somebody has changed it/],
        [
          ofUs({ ...NEWER_STILL, issuedAt: "2026-11-19T12:00:00Z" }),
          /older than the one that is known: issued at 2026-11-19T12:00:00Z, not 2026-11-20/,
        ],
        [ofUs({ ...NEWER_STILL, issuedAt: "2999-01-01T00:00:00Z" }), /in the future/],
        [ofUs({ ...NEWER_STILL, releases: [{}] }), /follow the schema: releases\[0\]\.version is missing/],
        ["<html>", /It is no JSON/],
      ];
      for (const [document, why] of refusals) {
        vendor.answer(document);
        const { code, json } = await ask();
        assert.deepEqual([code, json.error.code], [1, "ERR_UPGATE_FEED"], String(why));
        assert.match(json.error.message, why);
      }
      const status = await runCliJson<Answer>(["status"], { cwd: project.folder });
      assert.equal(status.json.update?.version, "1.2.0");
      vendor.answer(ofUs(NEWER_STILL));
      assert.equal((await ask()).json.update?.version, "1.3.0");
    }));

  it("offers nothing that is older, withdrawn, or of another product", () =>
    scene({ feed: { url: vendor.url, product: "Shop" } }, async (project) => {
      vendor.answer(feedDocument([release("1.0.0"), release("0.9.0"), release("2.0.0", { withdrawn: true })]));
      const none = await runCliJson<Answer>(["feed"], { cwd: project.folder });
      assert.deepEqual([none.code, none.json.update], [0, null]);
      vendor.answer({ ...NEWER_STILL, product: "Stock" });
      const other = await runCliJson<Answer>(["feed"], { cwd: project.folder });
      assert.deepEqual(
        [other.code, other.json.error.message],
        [1, "The vendor's list of releases could not be read. It is the list of another product: Stock"],
      );
    }));

  it("is asked for by its ETag, and one that a key no longer signs is forgotten", () =>
    scene({}, async (project) => {
      vendor.answer((req, res) => {
        if (req.headers["if-none-match"] === '"7"') res.writeHead(304).end();
        else res.writeHead(200, { ETag: '"7"' }).end(JSON.stringify(NEWER));
      });
      assert.equal((await runCli(["feed"], { cwd: project.folder })).code, 10);
      assert.equal((await runCli(["feed"], { cwd: project.folder })).code, 10);
      assert.deepEqual(
        vendor.requests.map((headers) => headers["if-none-match"]),
        [undefined, '"7"'],
      );
      const { logger: _logger, configFile: _file, ...plain } = project.options;
      project.write("upgate.config.mjs", `export default ${JSON.stringify({ ...plain, publicKey: KEYS.publicKey })};\n`);
      assert.equal((await runCliJson<Answer>(["status"], { cwd: project.folder })).json.update, null);
      const { code, stderr } = await runCli(["feed"], { cwd: project.folder });
      assert.match(stderr, /It is not signed/);
      assert.deepEqual([code, vendor.requests.at(-1)?.["if-none-match"]], [1, undefined]);
    }));

  it("that fails is told once in the log, tried again later, and asked for by nobody before", () =>
    scene({}, async (project, here) => {
      vendor.answer((_req, res) => res.writeHead(500).end());
      for (let start = 0; start < 2; start++)
        await withUpgate(here, async (upgate) => {
          await until("the log", async () => (await logOf(upgate))?.error);
          await until("the line", () => project.lines.filter((line) => /list of releases/.test(line)).length === start + 1);
          assert.equal(await label(upgate), "You are up to date!");
          const minutes = (Date.parse((await logOf(upgate))?.dueAt ?? "") - Date.now()) / 60_000;
          assert.ok(minutes > 4 && minutes < 6, String(minutes));
        });
      assert.equal(vendor.requests.length, 1);
      assert.match(project.lines.join("\n"), /upgate: the vendor's list of releases could not be read: Its server answered 500\./);
      const stdout = (await runCli(["doctor"], { cwd: project.folder })).stdout;
      assert.match(
        stdout,
        /Whether there is a newer release is not known yet\. It could not be read the last time\. Its server answered 500\./,
      );
    }));

  it("may be as long as is allowed", () =>
    scene({}, async (project) => {
      const links = { notesUrl: `https://vendor.example/${"n".repeat(470)}`, title: "ü".repeat(190) };
      const long = feedDocument(Array.from({ length: 1000 }, (_, index) => release(`1.1.${index + 1}`, links)));
      const bytes = Buffer.byteLength(JSON.stringify(long));
      assert.ok(bytes > 900_000 && bytes < 1_000_000, String(bytes));
      vendor.answer(long);
      const { code, json } = await runCliJson<Answer>(["feed"], { cwd: project.folder });
      assert.deepEqual([code, json.update?.version], [10, "1.1.1000"]);
      assert.equal((await runCliJson<Answer>(["status"], { cwd: project.folder })).json.update?.version, "1.1.1000");
    }));

  it("comes as JSON and HTML from the badge's handler", () =>
    scene({}, async (_project, here) =>
      withUpgate(here, async (upgate) => {
        await until("the badge to tell it", async () => (await label(upgate)) === "Update available: 1.2.0");
        const server = await serveHandler(upgate.badgeHandler());
        const json = await fetch(server.url, { headers: { "Accept-Language": "de" } });
        assert.deepEqual(
          [json.status, json.headers.get("content-type"), json.headers.get("cache-control"), json.headers.get("content-language")],
          [200, "application/json; charset=utf-8", "no-store", "de"],
        );
        const { html: _html, partial: _partial, ...model } = await upgate.badge({ language: "de" });
        assert.deepEqual(await json.json(), model);
        const html = await fetch(server.url, { headers: { Accept: "text/html,*/*;q=0.8" } });
        assert.equal(await html.text(), (await upgate.badge()).html);
        const head = await fetch(server.url, { method: "HEAD" });
        assert.deepEqual([head.status, await head.text()], [200, ""]);
        assert.equal((await fetch(server.url, { method: "POST" })).status, 404);
        await server.stop();
      }),
    ));
}

const KEYS = keyPair();

async function serveHandler(handler: ReturnType<Upgate["badgeHandler"]>): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = await startFeedServer((req, res) => handler(req, res, (error) => res.writeHead(error ? 500 : 404).end()));
  return { url: server.url, stop: () => server.stop() };
}

describe("the vendor's list of releases", () => {
  it("is left alone while the database can't be reached", async () => {
    const project = createProject("mysql://root@127.0.0.1:1/none", { migrations: SHOP_MIGRATIONS, more: { feed: { url: vendor.url } } });
    await withUpgate(project.options, async (upgate) => assert.equal((await upgate.badge()).label, "Check failed"));
    assert.doesNotMatch(project.lines.join("\n"), /release/i);
    assert.equal(vendor.requests.length, 0);
    project.remove();
  });

  it("is signed and verified by the vendor's own commands", async () => {
    const project = createProject("sqlite:./a.db", { migrations: {} });
    const [key, pub] = [project.write("key.pem", KEYS.privateKey), project.write("pub.pem", KEYS.publicKey)];
    const file = project.write("releases.json", JSON.stringify(NEWER));
    const run = (...args: string[]): ReturnType<typeof runCli> => runCli(["feed", ...args], { cwd: project.folder });
    assert.match((await run("verify", file, "--public-key", pub)).stderr, /releases\.json: It is not signed/);
    assert.match((await run("sign", file, "--key", pub)).stderr, /ERR_UPGATE_SEAL: The private key in .*pub\.pem can't be used/);
    assert.match((await run("sign", file)).stderr, /no key is given/);
    const signing = await run("sign", file, "--key", key);
    assert.deepEqual([signing.code, signing.stderr], [0, ""]);
    const verified = await run("verify", file, "--public-key", pub);
    assert.match(verified.stdout, /^Shop: 3 releases, issued at 2026-11-20T12:00:00Z\nSigned by [\da-f]{16}\.$/m);
    project.write("releases.json", JSON.stringify({ ...NEWER, releases: [{}] }));
    const wrong = await run("sign", file, "--key", key);
    assert.match(wrong.stderr, /ERR_UPGATE_FEED: .*releases\.json: It does not follow the schema: releases\[0\]\.version is missing/);
    assert.equal(wrong.code, 1);
    assert.equal((await run("--nonsense")).code, 2);
    project.remove();
  });
});
