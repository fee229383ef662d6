import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, it, type TestContext } from "node:test";
import express4 from "express4";
import * as fc from "fast-check";
import type { Upgate } from "../../src/index.js";
import { ROUTES } from "../../src/web/wizard/routes.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, PageClient } from "../support/hosting.js";
import { everything, installerScene, walkToStart } from "../support/installer-scene.js";
import { INSTALL_KEY } from "../support/project.js";
import { type RawAnswer, type RawRequest, sendRaw } from "../support/raw-http.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`hostile requests to the installer on ${kind.name}`, () => hostileOn(kind));

/** In everything that is sent: where it comes back, something reflects. */
const MARK = "zq9<x\"'>";
const SEED = 20_261_123;
const RUNS = 260;

const word = fc.constantFrom(
  MARK,
  "",
  "yes",
  "1",
  "null",
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "' OR 1=1 --",
  "\u0000",
  "%00",
  "%",
  "%zz",
  "%c0%af",
  "%0d%0aSet-Cookie:%20a=b",
  "\u202e",
  "é",
  "a".repeat(5000),
);
const anything = fc.oneof(word, fc.string({ maxLength: 40 }), fc.string({ unit: "binary", maxLength: 40 }));
const PATHS = [...new Set(ROUTES.map(({ path }) => path)), "/assets/wizard.css", "/assets/theme.css", ""];
const oddSegment = fc.constantFrom(
  "..",
  ".",
  "%2e%2e",
  "%2f",
  "//",
  "\\",
  "%5c",
  ";a=b",
  "%00",
  "%ff",
  MARK.replaceAll(/[<>"' ]/g, "x"),
  "a".repeat(3000),
);
const target = fc
  .tuple(
    fc.constantFrom("/install", "/install/", "/INSTALL", "//install", "/x/../install", "http://evil.example/install", "/install%2f"),
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...PATHS) },
      { weight: 1, arbitrary: fc.array(oddSegment, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`) },
    ),
    fc.constantFrom("", "", "?", `?x=${encodeURIComponent(MARK)}`, "?format=json&_csrf[]=1", "#a", "?%", "/"),
  )
  .map((parts) => parts.join(""));
const method = fc.constantFrom("GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW", "get");

/** No line ends, which would end the header: those are for Node's parser, not for the installer. */
const headerText = anything.map((text) => text.replaceAll(/[^\P{Cc}\t]/gu, " "));
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      "Cookie",
      "Origin",
      "Referer",
      "Accept",
      "Accept-Language",
      "X-Forwarded-For",
      "X-Forwarded-Host",
      "X-Forwarded-Proto",
      "X-Original-URL",
      "X-HTTP-Method-Override",
      "Range",
      "If-None-Match",
      "Expect",
      "Upgrade",
      "Content-Encoding",
      "Sec-Fetch-Site",
    ),
    headerText,
  ),
  fc.tuple(
    fc.constant("Cookie"),
    headerText.map((text) => `upgate_session=${text}; upgate_look=${text}; upgate_session=s%3A${text}`),
  ),
  fc.tuple(fc.constant("Content-Encoding"), fc.constantFrom("gzip", "deflate", "br", "identity", "zstd")),
  fc.tuple(fc.constant("Sec-Fetch-Site"), fc.constantFrom("same-origin", "cross-site", "none", "")),
);
const contentType = fc.constantFrom(
  "application/x-www-form-urlencoded",
  "application/x-www-form-urlencoded",
  "application/x-www-form-urlencoded; charset=utf-7",
  "application/x-www-form-urlencoded; charset=iso-8859-1",
  "application/json",
  "multipart/form-data; boundary=x",
  "text/plain",
  "application/xml",
  MARK,
);
const field = fc.constantFrom(
  "_csrf",
  "key",
  "agree",
  "action",
  "backup",
  "hold",
  "confirm",
  "inDoubt",
  "key[]",
  "_csrf[a][b]",
  "__proto__[x]",
  "constructor",
);
const form = fc.array(fc.tuple(field, anything), { maxLength: 25 });
const body = fc.oneof(
  form.map((fields) => Buffer.from(new URLSearchParams(fields).toString())),
  form.map((fields) => Buffer.from(fields.map(([name, value]) => `${name}=${value}`).join("&"), "latin1")),
  fc.dictionary(field, fc.jsonValue({ maxDepth: 4 })).map((value) => Buffer.from(JSON.stringify(value))),
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(20_000, 200_000).map((length) => Buffer.alloc(length, "a=1&")),
);
/** A length that is not the body's leaves the request unfinished, or a rest behind it. */
const length = fc.constantFrom<"true" | "more" | "less" | "chunked">("true", "true", "true", "true", "more", "less", "chunked");

function rawRequest(
  fixed: Partial<{ targets: fc.Arbitrary<string>; extra: readonly (readonly [string, string])[] }> = {},
): fc.Arbitrary<RawRequest> {
  return fc
    .tuple(method, fixed.targets ?? target, fc.array(header, { maxLength: 5 }), contentType, body, length)
    .map(([verb, where, headers, type, bytes, says]) => ({
      method: verb,
      target: encodeURI(where).replaceAll("%25", "%"),
      headers: [
        ["Host", "shop.test"],
        ["Content-Type", type],
        says === "chunked"
          ? ["Transfer-Encoding", "chunked"]
          : ["Content-Length", String(Math.max(0, bytes.length + { true: 0, more: 7, less: -3 }[says]))],
        ...headers,
        ...(fixed.extra ?? []),
      ] as const,
      body: bytes,
    }));
}

function hostileOn(kind: DatabaseKind): void {
  /** All but what a wrong key leaves. */
  const contents = async (upgate: Upgate): Promise<unknown> => {
    const { upgate_lease: lease, ...all } = await everything(upgate.knex, kind, ["upgate_attempt", "upgate_audit"]);
    // A start that is refused under the lease has raised its token.
    return { ...all, lease: lease?.map((row) => row.replace(/"token":\d+/, "")) };
  };

  function judge({ status, head, body: text }: RawAnswer): void {
    if (status === null) return; // a request that never ended, and was ended with its connection
    const isMaintenance = /^Upgate-Maintenance: Err2/im.test(head);
    assert.ok(status < 500 || isMaintenance, `${head}\n\n${text}`);
    // The maintenance page comes back to the address asked for.
    assert.doesNotMatch(isMaintenance ? text : `${head}\n${text}`, isMaintenance ? /zq9</ : /zq9/, "reflected");
    assert.doesNotMatch(head, /^(?:set-cookie: (?!upgate_)|a: )/im, "a header of somebody else's");
    const location = /^location: (.*)$/im.exec(head)?.[1];
    if (location !== undefined) assert.doesNotMatch(location, /^(?:[a-z][a-z\d+.-]*:|\/|\\)/i, "leads away");
    assert.doesNotMatch(text, /\bat .*\.[jt]s:\d+|node_modules|ER_[A-Z]|SQLITE_|\bselect \*/i, "tells what is inside");
  }

  async function assail(
    t: TestContext,
    app: Parameters<typeof createServer>[1],
    upgate: Upgate,
    requests: fc.Arbitrary<RawRequest>,
    lines: string[],
  ): Promise<void> {
    t.diagnostic(`seed ${SEED}, ${RUNS} requests`);
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const before = await contents(upgate);
    try {
      await fc.assert(
        fc.asyncProperty(requests, async (request) => judge(await sendRaw(port, request))),
        { seed: SEED, numRuns: RUNS },
      );
      assert.equal(await new PageClient(`http://127.0.0.1:${port}`).get("/install").then(({ status }) => status), 200, "it still answers");
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    assert.deepEqual(await contents(upgate), before);
    assert.doesNotMatch(lines.join("\n"), /installer failed|could not answer/);
  }

  it("are answered without a session", (t) =>
    installerScene(kind, async ({ upgate, client, project }) => {
      await client.get("/install");
      await assail(t, hostApplication(upgate), upgate, rawRequest(), project.lines);
    }));

  it("are answered with the right form's token, too", (t) =>
    installerScene(kind, async ({ upgate, client, project }) => {
      const { csrf } = await client.get("/install");
      const keys = rawRequest({ targets: fc.constant("/install/key") }).chain((request) =>
        anything.map((key) => {
          const bytes = Buffer.from(new URLSearchParams({ _csrf: csrf, key: key === INSTALL_KEY ? "" : key }).toString());
          return {
            ...request,
            method: "POST",
            body: bytes,
            headers: [
              ["Host", "shop.test"],
              ["Content-Type", "application/x-www-form-urlencoded"],
              ["Content-Length", String(bytes.length)],
            ] as const,
          };
        }),
      );
      await assail(t, hostApplication(upgate), upgate, keys, project.lines);
      assert.ok((await upgate.knex("upgate_audit").where({ event: "key-failed" })).length <= 10);
    }));

  it("are answered where the guard does not stand before it, and its own parsers do", (t) =>
    installerScene(kind, async ({ upgate, client, project }) => {
      await client.get("/install");
      const app = express4();
      app.use(
        express4.json({ strict: false }),
        express4.urlencoded({ extended: true }),
        express4.text(),
        express4.raw({ type: "application/xml" }),
      );
      app.use(
        (_error: unknown, _req: unknown, res: { status(code: number): { end(): void } }, _next: unknown) => void res.status(400).end(),
      );
      app.use("/install", upgate.installer());
      app.use((_req, res) => void res.status(404).end());
      await assail(t, app, upgate, rawRequest(), project.lines);
    }));

  it("are answered by a bare server, whatever stands in the address", (t) =>
    installerScene(kind, async ({ upgate, client, project }) => {
      await client.get("/install");
      const installer = upgate.installer();
      await assail(
        t,
        (req, res) => {
          req.url = (req.url ?? "/").replace(/^\/install(?=\/|$)/i, "").replace(/^(?!\/)/, "/");
          installer(req, res, () => void res.writeHead(404).end());
        },
        upgate,
        rawRequest(),
        project.lines,
      );
    }));

  it("are answered with a session whose cookie somebody has, without its token", (t) =>
    installerScene(kind, async ({ upgate, client, project }) => {
      await walkToStart(client);
      await assail(t, hostApplication(upgate), upgate, rawRequest({ extra: [["Cookie", client.cookie]] }), project.lines);
    }));

  it("start nothing with a session and its token, as long as no button's value is among the fields", (t) =>
    installerScene(kind, async ({ upgate, client, project }) => {
      await walkToStart(client);
      const { csrf } = await client.get("/install/backup");
      // Those take no value: whoever has session and token may press them.
      const plain = new Set(["/review", "/logout"]);
      const paths = ROUTES.filter((route) => route.method === "POST" && !plain.has(route.path)).map(({ path }) => `/install${path}`);
      const buttons = new Set(["yes", "own", "create", "rehearse", "wait", "end", "abort", "applied", "again"]);
      const requests = fc.tuple(fc.constantFrom(...paths), form).map(([where, fields]): RawRequest => {
        const given = fields.filter(([name, value]) => !buttons.has(value.trim()) && name !== "_csrf").slice(0, 18);
        const bytes = Buffer.from(new URLSearchParams([["_csrf", csrf], ...given]).toString());
        const headers = [
          ["Host", "shop.test"],
          ["Cookie", client.cookie],
          ["Content-Type", "application/x-www-form-urlencoded"],
          ["Content-Length", String(bytes.length)],
        ] as const;
        return { method: "POST", target: where, headers, body: bytes };
      });
      await assail(t, hostApplication(upgate), upgate, requests, project.lines);
      assert.equal(upgate.state().kind, "behind");
    }));
}
