import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import express from "express";
import type { Upgate } from "../../src/index.js";
import { ADDRESS_LIMIT, TOTAL_LIMIT } from "../../src/web/wizard/key-limit.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, type PageAnswer, PageClient } from "../support/hosting.js";
import { installerScene, otherNode } from "../support/installer-scene.js";
import { INSTALL_KEY } from "../support/project.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`wrong install keys on ${kind.name}`, () => limitsOn(kind));

/** One more than an address may enter. */
const TOO_MANY = ADDRESS_LIMIT.limit + 1;

function limitsOn(kind: DatabaseKind): void {
  const wrong = (client: PageClient, headers: Record<string, string> = {}): Promise<PageAnswer> =>
    client.post("/install/key", { key: "not the install key" }, headers);
  const right = (client: PageClient, headers: Record<string, string> = {}): Promise<PageAnswer> =>
    client.post("/install/key", { key: INSTALL_KEY }, headers);
  const events = async ({ knex }: Upgate): Promise<string[]> =>
    (await knex("upgate_audit").whereIn("event", ["key-failed", "key-limited", "key-accepted"]).orderBy("happened_at")).map(
      ({ event }: { event: string }) => event,
    );
  /** Behind a proxy that says where visitors come from. */
  const proxied = (upgate: Upgate): express.Express => {
    const app = express();
    app.set("trust proxy", true);
    return app.use(hostApplication(upgate));
  };
  const from = (address: string): Record<string, string> => ({ "x-forwarded-for": address });

  it("are looked at ten times from an address, on all nodes together; then not even the right one is", () =>
    installerScene(kind, ({ upgate, base, options }) =>
      otherNode(options, async (other) => {
        const clients = [new PageClient(base), new PageClient(other.base)];
        for (const client of clients) await client.get("/install");
        for (let tries = 1; tries < TOO_MANY; tries++)
          assert.equal((await wrong(clients[tries % 2] as PageClient)).status, 403, `try ${tries}`);
        for (const client of clients) {
          const refused = await right(client);
          assert.equal(refused.status, 429);
          assert.equal(refused.heading, "Too Many Tries");
          assert.match(refused.text, /Try again after \d\d:\d\d UTC\./);
          assert.doesNotMatch(refused.text, /1\.[01]\.0|behind/);
          const seconds = Number(refused.headers.get("retry-after"));
          assert.ok(seconds > 0 && seconds <= ADDRESS_LIMIT.windowMs / 1000, String(seconds));
        }
        await wrong(clients[0] as PageClient);
        assert.deepEqual(await events(upgate), [...Array<string>(10).fill("key-failed"), "key-limited"], "a flood is recorded once");
        assert.equal((await upgate.knex("upgate_attempt")).length, 2 * ADDRESS_LIMIT.limit);
        assert.equal((await upgate.knex("upgate_session")).length, 0);
      }),
    ));

  it("are looked at again when the oldest of them is a quarter of an hour old", () =>
    installerScene(kind, async ({ upgate, client }) => {
      await client.get("/install");
      for (let tries = 0; tries < TOO_MANY; tries++) await wrong(client);
      assert.equal((await right(client)).status, 429);
      const [oldest] = await upgate.knex("upgate_attempt").whereNot({ address: "*" }).orderBy("attempted_at").limit(1);
      const past = new Date(Date.now() - ADDRESS_LIMIT.windowMs - 1000).toISOString();
      await upgate.knex("upgate_attempt").where({ id: oldest.id }).update({ attempted_at: past });
      assert.equal((await right(client)).status, 303);
    }));

  it("are forgotten once the right one is entered, for this address", () =>
    installerScene(kind, async ({ upgate, client }) => {
      await client.get("/install");
      for (let round = 0; round < 3; round++) {
        for (let tries = 1; tries < ADDRESS_LIMIT.limit; tries++) assert.equal((await wrong(client)).status, 403);
        client.cookie = "";
        assert.equal((await right(client)).status, 303);
        client.cookie = "";
        await client.get("/install");
      }
      const left = await upgate.knex("upgate_attempt");
      assert.deepEqual(
        [...new Set(left.map(({ address }: { address: string }) => address))],
        ["*"],
        "all of them still count for everybody",
      );
      assert.equal(left.length, 3 * (ADDRESS_LIMIT.limit - 1));
    }));

  it("count only where a key was looked at", () =>
    installerScene(kind, async ({ upgate, client }) => {
      await client.get("/install");
      for (let tries = 0; tries < TOO_MANY; tries++) {
        await client.post("/install/key", { key: "wrong", _csrf: "forged" });
        await client.post("/install/key", { key: "" });
        await client.post("/install/key", { key: "wrong" }, { "sec-fetch-site": "cross-site" });
      }
      assert.deepEqual([await upgate.knex("upgate_attempt"), await events(upgate)], [[], []]);
      await client.get("/install");
      assert.equal((await right(client)).status, 303);
    }));

  it("count by the /56 of an IPv6 address, and by the address itself of others", () =>
    installerScene(kind, async ({ upgate }) =>
      listening(proxied(upgate), async (base) => {
        const client = new PageClient(base);
        await client.get("/install");
        for (let tries = 1; tries < TOO_MANY; tries++)
          assert.equal((await wrong(client, from(`2001:db8:0:1${tries.toString(16).padStart(2, "0")}::${tries}`))).status, 403);
        assert.equal((await wrong(client, from("2001:db8:0:1ff::1"))).status, 429, "the same /56");
        assert.equal((await wrong(client, from("2001:db8:0:200::1"))).status, 403, "the next one");
        assert.equal((await wrong(client, from("192.0.2.1"))).status, 403);
        assert.equal((await wrong(client, from("::ffff:192.0.2.1"))).status, 403);
        const rows = await upgate.knex("upgate_attempt").where({ address: "192.0.2.1" });
        assert.equal(rows.length, 2, "an IPv4 address is one, however it is written");
      }),
    ));

  it("are looked at a hundred times an hour, wherever they come from", () =>
    installerScene(kind, async ({ upgate }) =>
      listening(proxied(upgate), async (base) => {
        const client = new PageClient(base);
        await client.get("/install");
        const long = new Date(Date.now() - TOTAL_LIMIT.windowMs + 60_000).toISOString();
        const rows = Array.from({ length: TOTAL_LIMIT.limit - 2 }, (_, index) => ({
          id: `seeded-${index}`,
          address: "*",
          attempted_at: long,
        }));
        await upgate.knex("upgate_attempt").insert(rows);
        assert.equal((await wrong(client, from("192.0.2.1"))).status, 403);
        assert.equal((await wrong(client, from("192.0.2.2"))).status, 403);
        const before = await upgate.knex("upgate_attempt").orderBy("id");
        const refused = await right(client, from("192.0.2.3"));
        assert.equal(refused.status, 429);
        assert.ok(Number(refused.headers.get("retry-after")) <= 60);
        assert.deepEqual(await upgate.knex("upgate_attempt").orderBy("id"), before, "nothing is written beyond the limit");
        await upgate.knex("upgate_attempt").update({ attempted_at: new Date(Date.now() - TOTAL_LIMIT.windowMs - 1).toISOString() });
        assert.equal((await right(client, from("192.0.2.3"))).status, 303);
        assert.deepEqual(await upgate.knex("upgate_attempt").where("id", "like", "seeded-%"), [], "what nobody counts any more is gone");
      }),
    ));

  it("never get more looks by coming all at once, on two nodes", () =>
    installerScene(kind, ({ upgate, base, options }) =>
      otherNode(options, async (other) => {
        const clients = [new PageClient(base), new PageClient(other.base)];
        for (const client of clients) await client.get("/install");
        const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => wrong(clients[index % 2] as PageClient)));
        const count = (status: number): number => answers.filter((answer) => answer.status === status).length;
        assert.ok(count(403) <= ADDRESS_LIMIT.limit, `${count(403)} were looked at`);
        assert.equal(count(403) + count(429), 60, JSON.stringify(answers.map(({ status }) => status)));
        assert.ok((await upgate.knex("upgate_attempt").whereNot({ address: "*" })).length <= ADDRESS_LIMIT.limit);
      }),
    ));

  it("can't be counted: then no key is accepted, and the log says why", () =>
    installerScene(kind, async ({ upgate, client, project }) => {
      await client.get("/install");
      await upgate.knex.schema.dropTable("upgate_attempt");
      const refused = await right(client);
      assert.deepEqual([refused.status, refused.heading], [503, "Not Now"]);
      assert.doesNotMatch(refused.text, /upgate_attempt|table/i);
      assert.equal((await upgate.knex("upgate_session")).length, 0);
      assert.match(project.lines.join("\n"), /no install key is accepted, because wrong ones can't be counted: .*upgate_attempt/);
    }));

  if (kind.name === "SQLite")
    it("are counted by each process while a migration keeps everybody from writing, and written down after it", () =>
      installerScene(kind, async ({ upgate, client }) => {
        await client.get("/install");
        await client.get("/install/license");
        const lock = await upgate.knex.transaction();
        await lock("products").update({ name: "Ink" });
        try {
          for (let tries = 1; tries < TOO_MANY; tries++) assert.equal((await wrong(client)).status, 403, `try ${tries}`);
          assert.equal((await right(client)).status, 429);
        } finally {
          await lock.rollback();
        }
        await until("the tries to be written", async () => (await upgate.knex("upgate_attempt")).length === 2 * ADDRESS_LIMIT.limit);
        assert.equal((await right(client)).status, 429);
      }));
}
