import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { guarded, HOSTS, STATES } from "./support/guarded.js";
import { ACCEPT, request } from "./support/request.js";

const BROWSER = { headers: { accept: ACCEPT.browser } };

for (const host of Object.keys(HOSTS)) {
  describe(`the maintenance answer in ${host}`, () => {
    test("a browser gets a page that says what is the matter", async (t) => {
      const { server } = await guarded(t, host, { branding: { name: "Ledgerly <&>", maintenanceMessage: "Back at 10 <b>pm</b>." } });
      const { status, headers, body } = await request(server, "/", BROWSER);
      assert.equal(status, 503);
      assert.equal(headers["content-type"], "text/html; charset=utf-8");
      assert.equal(Number(headers["content-length"]), Buffer.byteLength(body));
      const heading = /<h1[^>]*>([^]*?)<\/h1>/.exec(body)?.[1]?.replace(/<[^>]*>/g, "");
      assert.equal(heading, "Down for Maintenance (Err 2)");
      assert.match(body, /an upgrade is in progress/);
      assert.match(body, /come back soon/);
      assert.match(body, /Ledgerly &lt;&amp;&gt;/);
      assert.match(body, /Back at 10 &lt;b&gt;pm&lt;\/b&gt;\./);
    });

    test("the page needs nothing from elsewhere, and tells visitors no version", async (t) => {
      const { server } = await guarded(t, host);
      const { body } = await request(server, "/", BROWSER);
      assert.doesNotMatch(body, /<(?:img|iframe|link(?! rel="icon" href="data:))|\bsrc=|@import|url\(/i);
      assert.doesNotMatch(body, /8\.6\.\d/);
    });

    test("an application gets problem+json", async (t) => {
      const { server } = await guarded(t, host);
      for (const accept of [ACCEPT.axios, "application/json", "application/problem+json", "application/json;q=0.9, text/html;q=0.1"]) {
        const { status, headers, body } = await request(server, "/api", { headers: { accept } });
        assert.deepEqual([status, headers["content-type"]], [503, "application/problem+json"], accept);
        const { detail, retryAfter, ...problem } = JSON.parse(body) as Record<string, unknown>;
        assert.deepEqual(problem, { type: "about:blank", title: "Down for Maintenance (Err 2)", status: 503, code: "Err2" });
        assert.match(String(detail), /upgrade of this site is in progress/);
        assert.equal(String(retryAfter), headers["retry-after"]);
      }
    });

    test("curl, and whoever asks for nothing, gets text", async (t) => {
      const { server } = await guarded(t, host);
      for (const headers of [{ accept: ACCEPT.curl }, {}, { accept: "image/png" }, { accept: "text/plain" }, { accept: "garbage" }]) {
        const reply = await request(server, "/", { headers });
        assert.deepEqual([reply.status, reply.headers["content-type"]], [503, "text/plain; charset=utf-8"], JSON.stringify(headers));
        assert.match(reply.body, /^Down for Maintenance \(Err 2\)\n\nAn upgrade of this site is in progress\. Please come back soon\.\n$/);
      }
    });

    test("HEAD has the headers of GET, and no body", async (t) => {
      const { server } = await guarded(t, host);
      for (const accept of Object.values(ACCEPT)) {
        const [get, head] = await Promise.all(["GET", "HEAD"].map((method) => request(server, "/a", { method, headers: { accept } })));
        assert.equal(head?.body, "");
        assert.equal(head?.headers["content-type"], get?.headers["content-type"]);
        assert.ok(Number(head?.headers["content-length"]) > 0);
      }
    });

    test("nobody stores or indexes it, and everybody knows when to come back", async (t) => {
      const { server } = await guarded(t, host);
      for (const accept of Object.values(ACCEPT)) {
        const { headers } = await request(server, "/", { headers: { accept } });
        assert.equal(headers["cache-control"], "no-store");
        assert.equal(headers["x-robots-tag"], "noindex");
        assert.equal(headers["upgate-maintenance"], "Err2");
        assert.equal(headers.vary, "Accept, Accept-Language");
        const seconds = Number(headers["retry-after"]);
        assert.ok(Number.isInteger(seconds) && seconds >= 5 && seconds <= 15, headers["retry-after"]);
      }
    });

    test("security headers fit a site on plain http", async (t) => {
      const { server } = await guarded(t, host);
      const { headers } = await request(server, "/", BROWSER);
      assert.equal(headers["strict-transport-security"], undefined);
      assert.equal(headers["referrer-policy"], "same-origin");
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["x-frame-options"], "DENY");
      const policy = String(headers["content-security-policy"]);
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /script-src 'self' 'sha256-[^']+'/);
      assert.doesNotMatch(policy, /upgrade-insecure-requests|unsafe/);
    });

    test("what earlier middleware has set is gone, but for CORS", async (t) => {
      const gone = {
        ETag: '"abc"',
        "Set-Cookie": "sid=1",
        "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
        "Cache-Control": "public, max-age=3600",
        "CDN-Cache-Control": "max-age=3600",
        "Cloudflare-CDN-Cache-Control": "max-age=3600",
        "Surrogate-Control": "max-age=3600",
        "X-Accel-Expires": "3600",
        Expires: "Thu, 01 Jan 2037 00:00:00 GMT",
        "Content-Encoding": "gzip",
        "Content-Disposition": "attachment",
        "Content-Security-Policy": "default-src *",
        "Strict-Transport-Security": "max-age=31536000",
        "X-Powered-By": "Shop",
      };
      const kept = { "Access-Control-Allow-Origin": "https://app.test", "Access-Control-Allow-Credentials": "true", "X-Request-Id": "7" };
      const { server } = await guarded(t, host, {
        before: (_req, res) => Object.entries({ ...gone, ...kept }).forEach(([name, value]) => res.setHeader(name, value)),
      });
      const { headers } = await request(server, "/", BROWSER);
      for (const [name, value] of Object.entries(gone)) assert.notDeepEqual([headers[name.toLowerCase()]].flat()[0], value, name);
      assert.equal(headers.etag ?? headers["set-cookie"] ?? headers["content-encoding"], undefined);
      for (const [name, value] of Object.entries(kept)) assert.equal(headers[name.toLowerCase()], value, name);
    });

    test("without JavaScript the page comes back to the address asked for, relative to it", async (t) => {
      const { server } = await guarded(t, host);
      for (const [path, target] of [
        ["/", "./"],
        ["/shop/cart?id=7&x=/y", "./cart?id=7&amp;x=/y"],
        ["/shop/", "./"],
        ["//evil.test/x", "./x"],
      ] as const) {
        const { body, headers } = await request(server, path, BROWSER);
        const refresh = /<noscript><meta http-equiv="refresh" content="(\d+);url=([^"]*)"><\/noscript>/.exec(body);
        assert.deepEqual([refresh?.[1], refresh?.[2]], [headers["retry-after"], target], path);
      }
    });

    test("an address can't put markup into the page", async (t) => {
      const { server } = await guarded(t, host);
      for (const path of ['/a/b?x="><script>alert(1)</script>', "/a/'><script>alert(1)</script>", '/"onload="alert(1)'])
        assert.doesNotMatch((await request(server, path, BROWSER)).body, /<script>alert|url=[^"]*"[^>]*onload/, path);
    });

    test("a page that answers a form does not send the visitor round again", async (t) => {
      const { server } = await guarded(t, host);
      const get = await request(server, "/order", BROWSER);
      assert.match(get.body, /<html[^>]* data-retry="10"/);
      const post = await request(server, "/order", { ...BROWSER, method: "POST", body: "item=7" });
      assert.equal(post.status, 503);
      assert.match(post.body, /<html[^>]* data-retry="0"/);
      assert.doesNotMatch(post.body, /http-equiv="refresh"/);
      assert.equal(Number(post.headers["content-length"]), Buffer.byteLength(post.body));
    });

    test("Err 1 speaks of a problem, not of an upgrade", async (t) => {
      const { server, setState } = await guarded(t, host);
      setState(STATES.unknown);
      for (const accept of Object.values(ACCEPT)) {
        const { body } = await request(server, "/", { headers: { accept } });
        assert.match(body, /technical problem/);
        assert.doesNotMatch(body, /upgrade is in progress|upgrade of/);
      }
    });
  });
}
