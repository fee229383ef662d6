import assert from "node:assert/strict";
import crypto from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Upgate } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { PageClient } from "../support/hosting.js";
import { everything, installerScene, otherNode, walkToStart } from "../support/installer-scene.js";
import { INSTALL_KEY } from "../support/project.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the safety of the installer on ${kind.name}`, () => safetyOn(kind));

const HOUR_MS = 60 * 60 * 1000;
const GENERATED = { more: { installKey: undefined } };

function safetyOn(kind: DatabaseKind): void {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const audited = async ({ knex }: Upgate, event: string): Promise<Record<string, string | null>[]> =>
    knex("upgate_audit").where({ event });
  /** Brings the site to its release, and the operator to the done page. */
  const finishUpgrade = async (upgate: Upgate, client: PageClient): Promise<void> => {
    await (
      await upgate.upgrader.start({ where: "here" })
    ).finished;
    await until("the done page", async () => (await client.get("/install")).location === "install/done");
    await client.get("/install/done");
  };

  it("begins one run, however many press Start at once on two nodes", () =>
    installerScene(kind, ({ upgate, base, options }) =>
      otherNode(options, async (other) => {
        const clients = Array.from({ length: 20 }, (_, index) => new PageClient(index % 2 === 0 ? base : other.base));
        await walkToStart(clients[0] as PageClient);
        for (const client of clients.slice(1)) {
          await client.signIn(INSTALL_KEY);
          await client.get("/install/backup");
        }
        const answers = await Promise.all(clients.map((client) => client.post("/install/start", { backup: "own" })));
        assert.equal(
          answers.filter(({ status }) => status === 303).length,
          1,
          JSON.stringify(answers.map(({ status, heading }) => [status, heading])),
        );
        assert.ok(answers.every(({ status }) => status === 303 || status === 409));
        await until("the upgrade to finish", async () => (await upgate.upgrader.state()).kind === "current");
        const runs = await upgate.knex("upgate_run").where({ to_version: "1.1.0" }).whereNotNull("started_at");
        assert.equal(runs.length, 1);
        const [start, ...more] = await audited(upgate, "start").then((rows) => rows.filter(({ detail }) => detail === runs[0].id));
        assert.deepEqual(more, []);
        assert.equal(start?.["address"]?.includes("127.0.0.1"), true);
        assert.match(start?.["session_id"] ?? "", /^[\da-f]{64}$/);
      }),
    ));

  it("lets a fresh installation be claimed once, by the one key that its nodes have made", () =>
    installerScene(
      kind,
      async ({ upgate, base, options, project }) => {
        const nodes: { base: string }[] = [{ base }];
        const withNodes = async (left: number): Promise<void> => {
          if (left > 0)
            return otherNode(options, async (node) => {
              nodes.push(node);
              await withNodes(left - 1);
            });
          const file = path.join(project.folder, "data", "install-key");
          await until("the key", () => existsSync(file) && readFileSync(file, "utf8").trim() !== "");
          const key = readFileSync(file, "utf8").trim();
          assert.match(key, /^(?:[0-9a-hjkmnp-tv-z]{4}-){6}[0-9a-hjkmnp-tv-z]{4}$/, "28 characters of 5 bits");
          assert.equal(statSync(file).mode & 0o777, 0o600);
          assert.equal(project.lines.filter((line) => line.includes(key)).length, 1, "one log line");
          assert.equal((await upgate.knex("upgate_secret").where({ name: "install-key" })).length, 1);
          assert.ok(!JSON.stringify(await everything(upgate.knex, kind)).includes(key), "the database has its hash only");
          const clients = Array.from({ length: 20 }, (_, index) => new PageClient((nodes[index % nodes.length] as { base: string }).base));
          await Promise.all(clients.map((client) => walkToStart(client, key)));
          const answers = await Promise.all(clients.map((client) => client.post("/install/start", { backup: "own" })));
          assert.equal(answers.filter(({ status }) => status === 303).length, 1);
          await until("the installation to finish", async () => (await upgate.upgrader.state()).kind === "current");
          assert.equal((await upgate.knex("upgate_run").whereNotNull("started_at")).length, 1);
          assert.equal((await audited(upgate, "start")).length, 1);
        };
        await withNodes(4);
      },
      { installed: null, ...GENERATED },
    ));

  it("voids a generated key when it is sealed, on every node", () =>
    installerScene(
      kind,
      ({ upgate, client, options, project }) =>
        otherNode(options, async (other) => {
          const file = path.join(project.folder, "data", "install-key");
          const key = await until("the key", () => (existsSync(file) ? readFileSync(file, "utf8").trim() : null));
          const second = new PageClient(other.base);
          await client.signIn(key);
          await second.signIn(key);
          await finishUpgrade(upgate, client);
          await client.post("/install/done");
          assert.equal((await audited(upgate, "seal")).length, 0, "somebody else is still signed in");
          assert.equal((await new PageClient(other.base).get("/install")).status, 200);
          await until("the other node", async () => (await second.get("/install/done")).status === 200);
          assert.equal((await second.post("/install/done")).status, 303);
          for (const base of [client.base, other.base]) assert.equal((await fetch(`${base}/install`)).status, 404);
          assert.equal(existsSync(file), false);
          assert.equal((await upgate.knex("upgate_secret").where({ name: "install-key" })).length, 0);
          assert.equal((await audited(upgate, "seal")).length, 1);
        }),
      GENERATED,
    ));

  it("seals itself when the last session has expired, and clears it away", () =>
    installerScene(kind, async ({ upgate, client }) => {
      await client.signIn(INSTALL_KEY);
      await finishUpgrade(upgate, client);
      await upgate.knex("upgate_session").update({ expires_at: iso(Date.now() - 1000) });
      await until("the sealing", async () => (await audited(upgate, "seal")).length === 1);
      assert.deepEqual(
        (await audited(upgate, "seal")).map(({ address, session_id: session }) => [address, session]),
        [["auto", null]],
      );
      assert.deepEqual(await upgate.knex("upgate_session"), []);
      assert.equal((await client.get("/install")).status, 404);
    }));

  it("ends a session twelve hours after it was opened, however much it is used", () =>
    installerScene(kind, async ({ upgate, client }) => {
      await client.signIn(INSTALL_KEY);
      const opened = Date.now() - 11 * HOUR_MS;
      await upgate.knex("upgate_session").update({ created_at: iso(opened), seen_at: iso(Date.now() - HOUR_MS) });
      assert.equal((await client.get("/install/license")).status, 200);
      const [session] = await upgate.knex("upgate_session");
      assert.equal(session.expires_at, iso(opened + 12 * HOUR_MS));
      await upgate.knex("upgate_session").update({ expires_at: iso(Date.now() - 1) });
      assert.equal((await client.get("/install/license")).location, "./");
      await new PageClient(client.base).signIn(INSTALL_KEY);
      assert.equal((await upgate.knex("upgate_session")).length, 1, "the expired one is removed");
    }));

  it("signs out by a button on every page, and only this session", () =>
    installerScene(kind, async ({ upgate, client }) => {
      const other = new PageClient(client.base);
      await other.signIn(INSTALL_KEY);
      assert.doesNotMatch((await new PageClient(client.base).get("/install")).text, /Sign Out/);
      await client.signIn(INSTALL_KEY);
      const { cookie } = client;
      assert.match((await client.get("/install/license")).text, /action="logout"[^]*Sign Out/);
      const out = await client.post("/install/logout");
      assert.deepEqual([out.status, out.location], [303, "./"]);
      assert.match(out.headers.get("set-cookie") ?? "", /^upgate_session=;.*Expires=Thu, 01 Jan 1970/);
      client.cookie = cookie;
      assert.equal((await client.get("/install/license")).location, "./", "the cookie opens nothing any more");
      assert.equal((await other.get("/install/license")).status, 200);
      assert.equal((await audited(upgate, "sign-out")).length, 1);
      assert.equal((await audited(upgate, "seal")).length, 0);
    }));

  it("ends the stream of the progress with the session that asked for it", () =>
    installerScene(kind, async ({ base, client }) => {
      const other = new PageClient(base);
      await other.signIn(INSTALL_KEY);
      await client.signIn(INSTALL_KEY);
      const [stream, others] = await Promise.all(
        [client, other].map(({ cookie }) => fetch(`${base}/install/events`, { headers: { cookie } })),
      );
      await client.get("/install/license");
      await client.post("/install/logout");
      assert.match((await stream?.text()) ?? "", /^retry: 2000\n\nid: \w+\ndata: \{"state":/, "it has come to its end");
      const reader = others?.body?.getReader();
      const first = await reader?.read();
      assert.equal(first?.done, false);
      await reader?.cancel();
    }));

  it("is sealed by the last one who signs out after the upgrade, too", () =>
    installerScene(kind, async ({ upgate, client }) => {
      await client.signIn(INSTALL_KEY);
      await finishUpgrade(upgate, client);
      const out = await client.post("/install/logout");
      assert.deepEqual([out.status, out.location], [303, "/admin"]);
      assert.equal((await client.get("/install")).status, 404);
      assert.equal((await audited(upgate, "seal")).length, 1);
    }));

  it("compares wrong keys in the same way, whatever of them is right", () =>
    installerScene(kind, async ({ upgate, client }) => {
      const alike = (count: number): string => INSTALL_KEY.slice(0, count) + "#".repeat(INSTALL_KEY.length - count);
      const keys = [0, Math.floor(INSTALL_KEY.length / 2), INSTALL_KEY.length - 1].map(alike);
      await client.get("/install");
      const real = crypto.timingSafeEqual;
      const seen = new Map<string, string[]>();
      let compared: string[] = [];
      crypto.timingSafeEqual = (a, b) => {
        compared.push(`${a.byteLength} and ${b.byteLength} bytes`);
        return real(a, b);
      };
      syncBuiltinESMExports();
      try {
        for (let round = 0; round < 12; round++)
          for (const key of keys) {
            compared = [];
            assert.equal((await client.post("/install/key", { key })).status, 403);
            seen.set(key, [...(seen.get(key) ?? []), compared.join(", ")]);
            await upgate.knex("upgate_attempt").delete();
          }
      } finally {
        crypto.timingSafeEqual = real;
        syncBuiltinESMExports();
      }
      // The form's token first, then the keys' digests: one comparison of all bytes each, as many for every key.
      const ways = keys.map((key) => [...new Set(seen.get(key))]);
      for (const way of ways) assert.deepEqual(way, ["43 and 43 bytes, 64 and 64 bytes"]);
    }));

  it("tells whoever has no key nothing of what went wrong inside", () =>
    installerScene(kind, async ({ upgate, client }) => {
      await client.signIn(INSTALL_KEY);
      await upgate.knex.schema.dropTable("upgate_session");
      for (const address of ["/install", "/install/license", "/install/status"]) {
        const { status, text } = await client.get(address);
        assert.equal(status, 503);
        assert.match(text, /Err 1/);
        assert.doesNotMatch(text, /upgate_session|no such table|doesn't exist|select/i);
      }
    }));

  describe("the vendor's authorize", () => {
    const answers: [string, () => unknown, RegExp | null][] = [
      ["says no", () => false, null],
      ["says so later", async () => false, null],
      ["says something that is no yes", () => "no", null],
      [
        "throws",
        () => {
          throw new Error("no directory");
        },
        /authorize failed: no directory/,
      ],
      ["rejects", () => Promise.reject(new Error("no directory")), /authorize failed: no directory/],
      ["never answers", () => new Promise(() => undefined), /authorize failed: it has not answered for 5 s/],
    ];
    for (const [what, authorize, logged] of answers)
      it(`${what}: the installer is not there`, () =>
        installerScene(
          kind,
          async ({ upgate, base, project }) => {
            const [there, never] = await Promise.all(
              ["/install", "/insta11"].map(async (address) => {
                const { status, headers } = await fetch(base + address, { headers: { accept: "text/html" } });
                return [status, headers.get("upgate-maintenance"), headers.get("content-type")];
              }),
            );
            assert.deepEqual(there, never);
            assert.deepEqual(there?.slice(0, 2), [503, "Err2"], "as any address while the gate is closed");
            if (logged) assert.match(project.lines.join("\n"), logged);
            assert.equal(upgate.state().kind, "behind");
          },
          { more: { authorize: authorize as () => boolean } },
        ));

    it("is the host's 404 once the gate is open, and no way around the key where it says yes", () => {
      let allowed = true;
      return installerScene(
        kind,
        async ({ upgate, client }) => {
          assert.equal((await client.get("/install")).heading, "Install Key");
          assert.equal((await client.get("/install/license")).location, "./");
          await client.signIn(INSTALL_KEY);
          await finishUpgrade(upgate, client);
          allowed = false;
          for (const address of ["", "/done", "/status", "/assets/wizard.css"])
            assert.equal((await client.get(`/install${address}`)).status, 404);
          assert.equal((await client.post("/install/done")).status, 404);
          allowed = true;
          assert.equal((await client.get("/install/done")).status, 200, "the session is still there");
        },
        { more: { authorize: ({ headers, socket }) => allowed && headers.host !== undefined && socket.remoteAddress !== undefined } },
      );
    });
  });

  describe("the way out", () => {
    for (const [adminUrl, location] of [
      ["/backoffice?tab=1", "/backoffice?tab=1"],
      ["//evil.example/admin", "../"],
      ["/\\evil.example", "../"],
      ["/\t/evil.example", "../"],
      ["/admin\r\nSet-Cookie: evil=1", "/adminSet-Cookie:%20evil=1"],
      ["https://evil.example/", "../"],
    ] as const)
      it(`${JSON.stringify(adminUrl)} as the admin area leads to ${location}`, () =>
        installerScene(
          kind,
          async ({ upgate, client }) => {
            await client.signIn(INSTALL_KEY);
            await finishUpgrade(upgate, client);
            const out = await client.post("/install/done");
            assert.deepEqual([out.status, out.location], [303, location]);
            assert.doesNotMatch(out.headers.get("set-cookie") ?? "", /evil/);
          },
          { more: { branding: { adminUrl } } },
        ));
  });
}
