import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, describe, it } from "node:test";
import { sign } from "cookie-signature";
import type { Knex } from "knex";
import { type Route, ROUTES } from "../../src/web/wizard/routes.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { PageClient } from "../support/hosting.js";
import { everything, installerScene, type InstallerScene } from "../support/installer-scene.js";
import { INSTALL_KEY } from "../support/project.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

/** What would do the most, were it let in. */
const FIELDS = { key: INSTALL_KEY, agree: "yes", action: "create", backup: "own", confirm: "yes", hold: "yes" };
const nameOf = ({ method, path }: Pick<Route, "method" | "path">): string => `${method} ${path}`;
const POSTS = ROUTES.filter(({ method }) => method === "POST");
/** Nothing of the site but the number. */
const SECRETS = /1\.[01]\.0|behind|products|upgate_[a-z]|SELECT|select |0001-|SQLite|sqlite|[Mm]y(?:sql|SQL)|[Mm]aria/;

type Ask = (route: Pick<Route, "method" | "path">) => Promise<{ status: number; text: string; location: string | null }>;

for (const kind of kinds) describe(`every route of the installer on ${kind.name}`, () => tableOn(kind));

function tableOn(kind: DatabaseKind): void {
  /** Asks for each route, and tells the statuses; none may have changed the database. */
  async function statuses(knex: Knex, routes: readonly Pick<Route, "method" | "path">[], ask: Ask): Promise<Record<string, unknown>> {
    const table: Record<string, unknown> = {};
    for (const route of routes) {
      const before = await everything(knex, kind);
      const { status, text, location } = await ask(route);
      assert.deepEqual(await everything(knex, kind), before, `${nameOf(route)} changed the database`);
      table[nameOf(route)] = location === null ? status : [status, location];
      if (status !== 404) assert.doesNotMatch(text, SECRETS, nameOf(route));
    }
    return table;
  }

  const askAs =
    (client: PageClient, fields: Record<string, string>, headers: Record<string, string> = {}): Ask =>
    ({ method, path }) =>
      method === "GET" ? client.get(`/install${path}`, headers) : client.post(`/install${path}`, fields, headers);

  /** Without a session: the key page, and the way to it. */
  const SHUT = Object.fromEntries(
    ROUTES.map((route) => {
      if (route.method === "POST") return [nameOf(route), 403];
      if (route.path === "/") return [nameOf(route), 200];
      return [nameOf(route), ["/status", "/events"].includes(route.path) ? 403 : [303, "./"]];
    }),
  );

  const stranger = (base: string, cookie = ""): PageClient => Object.assign(new PageClient(base), { cookie });

  it("answers nobody without a session", () =>
    installerScene(kind, async ({ upgate, base, client }) => {
      await client.get("/install");
      assert.deepEqual(await statuses(upgate.knex, ROUTES, askAs(stranger(base), { ...FIELDS, _csrf: "" })), SHUT);
      const more = [
        { method: "GET" as const, path: "/nothing" },
        { method: "POST" as const, path: "/" },
        { method: "GET" as const, path: "/start" },
      ];
      assert.deepEqual(await statuses(upgate.knex, more, askAs(stranger(base), FIELDS)), {
        "GET /nothing": 404,
        "POST /": 405,
        "GET /start": 405,
      });
    }));

  it("answers nobody with a session that is not of this site", () =>
    installerScene(kind, ({ upgate, base, client }) =>
      installerScene(kind, async (other) => {
        await client.get("/install");
        await other.client.signIn(INSTALL_KEY);
        await other.client.get("/install/license");
        const { cookie, csrf } = other.client;
        assert.deepEqual(await statuses(upgate.knex, ROUTES, askAs(stranger(base, cookie), { ...FIELDS, _csrf: csrf })), SHUT);
        const { value } = await upgate.knex("upgate_secret").where({ name: "cookie" }).first();
        const unknown = `upgate_session=${encodeURIComponent(sign(randomBytes(24).toString("base64url"), value))}`;
        assert.deepEqual(await statuses(upgate.knex, ROUTES, askAs(stranger(base, unknown), { ...FIELDS, _csrf: csrf })), SHUT);
      }),
    ));

  it("answers nobody whose session has expired", () =>
    installerScene(kind, async ({ upgate, client }) => {
      await client.signIn(INSTALL_KEY);
      await client.get("/install/license");
      const { csrf } = client;
      await upgate.knex("upgate_session").update({ expires_at: new Date(Date.now() - 1000).toISOString() });
      assert.deepEqual(await statuses(upgate.knex, ROUTES, askAs(client, { ...FIELDS, _csrf: csrf })), SHUT);
    }));

  for (const [what, token] of [
    ["no token", ""],
    ["a made-up token", "AAAA"],
    ["the token of another session", "other"],
    ["the key form's token", "key"],
  ] as const)
    it(`takes no form with ${what}`, () =>
      installerScene(kind, async ({ upgate, base, client }) => {
        const other = new PageClient(base);
        const keyForm = (await other.get("/install")).csrf;
        await other.signIn(INSTALL_KEY);
        const foreign = (await other.get("/install/license")).csrf;
        await client.signIn(INSTALL_KEY);
        const _csrf = { other: foreign, key: keyForm }[token as string] ?? token;
        // The key page is nobody's: its own form's token is good there.
        const routes = POSTS.filter(({ path }) => path !== "/key" || token !== "key");
        assert.deepEqual(
          await statuses(upgate.knex, routes, askAs(client, { ...FIELDS, _csrf })),
          Object.fromEntries(routes.map((route) => [nameOf(route), 403])),
        );
      }));

  const crossings: [string, Record<string, string>][] = [
    ["as the browser says", { "sec-fetch-site": "cross-site" }],
    ["of a neighbour below the same domain", { "sec-fetch-site": "same-site" }],
    ["by its origin, over plain http", { origin: "http://evil.example" }],
    ["without an origin of its own", { origin: "null" }],
  ];
  for (const [what, headers] of crossings)
    it(`takes no form from another site, ${what}`, () =>
      installerScene(kind, async ({ upgate, base, client }) => {
        const keyForm = (await new PageClient(base).get("/install")).csrf;
        await client.signIn(INSTALL_KEY);
        const { csrf } = await client.get("/install/license");
        const ask: Ask = (route) => askAs(client, { ...FIELDS, _csrf: route.path === "/key" ? keyForm : csrf }, headers)(route);
        assert.deepEqual(await statuses(upgate.knex, POSTS, ask), Object.fromEntries(POSTS.map((route) => [nameOf(route), 403])));
      }));

  it("is not there once it is sealed, by whatever method", () =>
    installerScene(kind, async (scene) => {
      const { upgate, base } = scene;
      const cookie = await sealedAfterUpgrade(scene);
      const client = Object.assign(new PageClient(base), { cookie });
      const asset = { method: "GET" as const, path: "/assets/wizard.css" };
      const odd = ["/assets/", "/nothing", "/license/", "/%6cicense", "/license?x=1", "/..%2fadmin"].map((path) => ({
        method: "GET" as const,
        path,
      }));
      const routes = [...ROUTES, asset, ...odd];
      const found = await statuses(upgate.knex, routes, askAs(client, { ...FIELDS, _csrf: "x" }));
      assert.deepEqual(found, Object.fromEntries(routes.map((route) => [nameOf(route), 404])));
      for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        for (const path of ["", "/key", "/events", "/assets/wizard.css"]) {
          const [there, never] = await Promise.all([
            seen(base, method, `/install${path}`, cookie),
            seen(base, method, `/insta11${path}`, cookie),
          ]);
          assert.deepEqual(there, never, `${method} /install${path}`);
        }
    }));

  /** The answer without what differs by nature: the path itself, and the time. */
  async function seen(base: string, method: string, path: string, cookie: string): Promise<unknown> {
    const answer = await fetch(base + path, { method, headers: { cookie }, redirect: "manual" });
    const headers = [...answer.headers].filter(([name]) => !["date", "content-length", "etag"].includes(name));
    return [answer.status, headers, (await answer.text()).replaceAll("/insta11", "/install")];
  }
}

/** The cookie of the session that it was done with. */
async function sealedAfterUpgrade({ upgate, client }: InstallerScene): Promise<string> {
  await client.signIn(INSTALL_KEY);
  const { cookie } = client;
  await (
    await upgate.upgrader.start({ where: "here" })
  ).finished;
  await until("the done page", async () => (await client.get("/install")).location === "install/done");
  await client.get("/install/done");
  assert.equal((await client.post("/install/done")).location, "/admin");
  await until("the gate to open", () => upgate.state().kind === "current");
  return cookie;
}
