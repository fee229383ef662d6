import assert from "node:assert/strict";
import { describe, it } from "node:test";
import express from "express";
import express4 from "express4";
import type { Upgate } from "../../src/index.js";
import { type Answers, runCli, runCliJson } from "../support/cli.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { prefixProxy } from "../support/prefix-proxy.js";
import { INSTALL_KEY } from "../support/project.js";
import { templateSite, type TemplateSite } from "../support/templates.js";
import { until } from "../support/wait.js";

const HEALTH = "/admin/system-health";

/** After the upgrade from 1.0.0 to 1.1.0; the application runs. */
async function upgraded(play: (site: TemplateSite, upgate: Upgate) => Promise<void>, theme?: Record<string, string>): Promise<void> {
  const site = templateSite("sqlite:./site.db", theme ? { theme } : {});
  try {
    await site.boot("1.0.0");
    await site.boot("1.1.0", (upgate) => play(site, upgate));
  } finally {
    site.project.remove();
  }
}

type Frameworks = readonly [name: string, make: typeof express, parsed: boolean][];
const FRAMEWORKS: Frameworks = [
  ["Express 5", express, false],
  ["Express 5, after a parser of the host's", express, true],
  ["Express 4", express4 as unknown as typeof express, false],
  ["Express 4, after a parser of the host's", express4 as unknown as typeof express, true],
];

function host(upgate: Upgate, make: typeof express, parsed: boolean, mount = HEALTH): express.Express {
  const app = make();
  app.use(upgate.guard());
  if (parsed) app.use(make.urlencoded({ extended: true }));
  app.use(mount, upgate.health());
  return app;
}

/** The address that the list has for a template. */
function hrefOf(text: string, name: string): string {
  const href = new RegExp(`href="(\\?template=[^"]+)">${name}<`).exec(text)?.[1];
  assert.ok(href, `${name} is listed`);
  return href;
}

/** What **Mark as Reviewed** would send. */
const nowOf = (text: string): string => /name="now" value="([^"]*)"/.exec(text)?.[1] ?? assert.fail("no form");

describe("the template review's pages", () => {
  for (const [name, make, parsed] of FRAMEWORKS)
    it(`lead from System Health to the mark and back, under ${name}`, () =>
      upgraded((_site, upgate) =>
        listening(host(upgate, make, parsed), async (base) => {
          const client = new PageClient(base);
          const health = await client.get(HEALTH);
          assert.match(health.text, /6 custom templates override stock templates that have changed[^]*href="\?templates"/);
          const list = await client.get(`${HEALTH}?templates`);
          assert.equal(list.heading, "Template Review");
          assert.match(list.text, /6 of your templates want a look/);
          const href = hrefOf(list.text, "theme/invoice.ejs");
          const page = await client.get(HEALTH + href);
          assert.match(page.text, /<del>&lt;p class=&#34;invoice&#34;&gt;Line 3 of invoice&lt;\/p&gt;<\/del>/);
          assert.match(page.text, /<ins>&lt;p&gt;Tax number: &lt;%= invoice\.taxId %&gt;&lt;\/p&gt;<\/ins>/);
          const marked = await client.post(HEALTH + href, { now: nowOf(page.text) });
          assert.deepEqual([marked.status, marked.location], [303, "?templates&reviewed"]);
          const after = await client.get(`${HEALTH}?templates&reviewed`);
          assert.match(after.text, /role="status">Marked as reviewed/);
          assert.match(after.text, /5 of your templates want a look/);
          assert.equal((await client.get(HEALTH + href)).status, 404, "there is nothing to review there any more");
          const [entry] = await upgate.knex("upgate_audit").where({ event: "template-reviewed" });
          assert.match(entry.detail, /^theme\/invoice\.ejs \(1\.1\.0, [0-9a-f]{12}\)$/);
        }),
      ));

  it("have three views, and work at the root, with a slash, below a prefix that a proxy strips, and by app.get", () =>
    upgraded(async (_site, upgate) => {
      const app = host(upgate, express, false, "/");
      await listening(app, async (base) => {
        for (const at of ["/", "/deep/er/"]) {
          const client = new PageClient(base);
          const href = hrefOf((await client.get(`${at}?templates`)).text, "theme/invoice.ejs");
          const page = await client.get(at + href);
          for (const view of ["unified", "split", "own"])
            assert.match(page.text, new RegExp(`href="\\${href}&amp;view=${view}"`), "each view has its address");
          assert.match((await client.get(`${at}${href}&view=split`)).text, /diff-split/);
          assert.match((await client.get(`${at}${href}&view=own`)).text, /Our own invoice/);
          assert.match((await client.get(`${at}${href}&view=nonsense`)).text, /diff-unified/);
        }
        await listening(prefixProxy("/shop", base), async (front) => {
          const client = new PageClient(front);
          const href = hrefOf((await client.get("/shop/?templates")).text, "theme/gone.ejs");
          const page = await client.get(`/shop/${href}`);
          assert.match(page.text, /has no stock template/);
          assert.equal((await client.post(`/shop/${href}`, { now: nowOf(page.text) })).location, "?templates&reviewed");
        });
      });
      const single = express();
      single.get("/health", upgate.health());
      await listening(single, async (base) => {
        const client = new PageClient(base);
        const href = hrefOf((await client.get("/health?templates")).text, "theme/invoice.ejs");
        assert.equal((await client.get(`/health${href}`)).status, 200);
      });
    }));

  it("refuse a mark from elsewhere, with a token of another template or content, and write nothing", () =>
    upgraded((_site, upgate) =>
      listening(hostApplication(upgate), async (base) => {
        const client = new PageClient(base);
        const { text } = await client.get(`${HEALTH}?templates`);
        const [invoice, logo] = [hrefOf(text, "theme/invoice.ejs"), hrefOf(text, "theme/logo.png")];
        const page = await client.get(HEALTH + invoice);
        const now = nowOf(page.text);
        const cross = await client.post(HEALTH + invoice, { now }, { "sec-fetch-site": "cross-site" });
        assert.deepEqual([cross.status, cross.heading], [403, "Template Review"]);
        assert.match(cross.text, /role="alert"[^]*Nothing has been changed/);
        assert.equal((await client.post(HEALTH + invoice, { now }, { origin: "https://evil.example" })).status, 403);
        assert.equal((await client.post(HEALTH + logo, { now, _csrf: page.csrf })).status, 403, "another template's");
        assert.equal((await client.post(HEALTH + invoice, { now: "0".repeat(64), _csrf: page.csrf })).status, 403, "another content's");
        assert.equal((await client.post(HEALTH + invoice, { now, _csrf: "" })).status, 403);
        assert.equal((await fetch(`${base}${HEALTH}?template=x`, { method: "PUT" })).status, 404);
        assert.equal((await fetch(`${base}${HEALTH}?templates`, { method: "POST" })).status, 404);
        assert.deepEqual(await upgate.knex("upgate_audit").where({ event: "template-reviewed" }), []);
        assert.equal((await client.post(HEALTH + invoice, { now, _csrf: page.csrf })).status, 303);
      }),
    ));

  it("refuse a mark when the release's template has changed since the page was opened", () =>
    upgraded((site, upgate) =>
      listening(hostApplication(upgate), async (base) => {
        const client = new PageClient(base);
        const href = hrefOf((await client.get(`${HEALTH}?templates`)).text, "theme/invoice.ejs");
        const now = nowOf((await client.get(HEALTH + href)).text);
        site.project.write("stock/invoice.ejs", "<p>A corrected upload</p>\n");
        const late = await client.post(HEALTH + href, { now });
        assert.equal(late.status, 409);
        assert.match(late.text, /theme\/invoice\.ejs has changed since you looked at it/);
      }),
    ));

  it("are JSON, German, cached by nobody, and allow nothing foreign", () =>
    upgraded((_site, upgate) =>
      listening(hostApplication(upgate), async (base) => {
        const json = await fetch(`${base}${HEALTH}?templates&format=json`);
        const review = (await json.json()) as { version: string; templates: { name: string; condition: string }[] };
        assert.deepEqual([review.version, review.templates.length], ["1.1.0", 6]);
        const page = await fetch(`${base}${HEALTH}?templates&lang=de`);
        assert.equal(page.headers.get("content-language"), "de");
        assert.equal(page.headers.get("cache-control"), "no-store");
        assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'[^]*style-src 'self' 'sha256-/);
        assert.match(await page.text(), /href="\?template=[0-9a-f]{24}&amp;lang=de"[^]*href="\?templates&amp;lang=fr"/);
        const head = await fetch(`${base}${HEALTH}?templates`, { method: "HEAD" });
        assert.deepEqual([head.status, await head.text()], [200, ""]);
      }),
    ));

  it("show names and contents that look like markup as what they are", () =>
    upgraded(
      (site, upgate) =>
        listening(hostApplication(upgate), async (base) => {
          site.customize({ '"><script>alert(1)</script>.ejs': "x" }, new Date("2026-01-01T00:00:00Z"));
          site.project.write('stock/"><script>alert(1)</script>.ejs', "<script>alert(2)</script>");
          const client = new PageClient(base);
          for (const path of ["?templates", "?template=%22%3E%3Cscript%3E", "?templates&reviewed=%3Cscript%3E"])
            assert.doesNotMatch((await client.get(HEALTH + path)).text, /<script>/);
          const { text } = await client.get(`${HEALTH}?templates`);
          assert.match(text, /theme\/&#34;&gt;&lt;script&gt;alert/);
          const id = /\?template=([0-9a-f]{24})">theme\/&#34;/.exec(text)?.[1];
          const page = await client.get(`${HEALTH}?template=${id}`);
          assert.match(page.text, /<ins>&lt;script&gt;alert\(2\)/);
          assert.doesNotMatch(page.text, /<script>/);
        }),
      { "invoice.ejs": "<script>alert(3)</script>\n" },
    ));

  it("are nothing without the option", () =>
    upgraded(async (site, upgate) => {
      await upgate.close();
      const { templates: _none, ...options } = site.options;
      const { withUpgate } = await import("../support/upgates.js");
      await withUpgate({ ...options, version: "1.1.0" }, (plain) =>
        listening(hostApplication(plain), async (base) => {
          const client = new PageClient(base);
          assert.equal((await client.get(`${HEALTH}?templates`)).heading, "System Health");
          assert.doesNotMatch((await client.get(HEALTH)).text, /\?templates/);
        }),
      );
    }));
});

describe("the done page", () => {
  it("names the templates with what has changed, and takes the mark", async () => {
    const site = templateSite("sqlite:./site.db");
    try {
      await site.boot("1.0.0");
      site.upload("1.1.0");
      const { withUpgate } = await import("../support/upgates.js");
      const options = { ...site.options, version: "1.1.0", branding: { healthUrl: HEALTH } };
      await withUpgate(options, (upgate) =>
        listening(hostApplication(upgate), async (base) => {
          const client = new PageClient(base);
          await client.signIn(INSTALL_KEY);
          await (
            await upgate.upgrader.start({ where: "here" })
          ).finished;
          await until("the done page", async () => (await client.get("/install")).location === "install/done");
          const done = await client.get("/install/done");
          assert.match(done.text, /<strong>Review your templates<\/strong>: 6 of them want a look/);
          assert.match(done.text, /href="\/admin\/system-health\?templates"/);
          assert.match(done.text, /<summary>[^]*theme\/invoice\.ejs[^]*<ins>&lt;p&gt;Tax number/);
          const [, id = "", now = ""] =
            /name="template" value="([^"]*)">\s*<input type="hidden" name="now" value="([0-9a-f]{64})"/.exec(done.text) ?? [];
          assert.equal((await client.post("/install/templates", { template: id, now })).location, "done#templates-title");
          assert.match((await client.get("/install/done")).text, /: 5 of them want a look/);
          const again = await client.post("/install/templates", { template: id, now });
          assert.equal(again.location, "done#templates-title", "the page shows how it is");
          const entries = await upgate.knex("upgate_audit").where({ event: "template-reviewed" });
          assert.equal(entries.length, 1);
          assert.equal(typeof entries[0].session_id, "string");
          assert.equal((await fetch(`${base}/install/assets/diff.css`)).status, 200);
        }),
      );
    } finally {
      site.project.remove();
    }
  });
});

describe("upgate templates", () => {
  it("lists, shows the difference, marks, and says by its exit code whether anything is left", () =>
    upgraded(async ({ project: { folder: cwd } }) => {
      const list = await runCliJson<Answers & { templates: { name: string; condition: string }[] }>(["templates"], { cwd });
      assert.equal(list.code, 12);
      assert.deepEqual(
        list.json.templates.map(({ name, condition }) => `${name} ${condition}`),
        [
          "theme/drifting.ejs renamed",
          "theme/gone.ejs removed",
          "theme/invoice.ejs changed",
          "theme/logo.png changed",
          "theme/old-name.ejs renamed",
          "theme/promotion.ejs added",
        ],
      );
      const text = await runCli(["templates"], { cwd });
      assert.match(
        text.stdout,
        /6 custom templates to review:\n {2}renamed +theme\/drifting\.ejs +drifting\.ejs is now moved\/drifted\.ejs/,
      );
      assert.match(text.stdout, /Not needed, because they are the same as the release's own: theme\/redundant\.ejs/);
      const diff = await runCli(["templates", "--diff", "theme/invoice.ejs"], { cwd });
      assert.equal(diff.code, 0);
      assert.match(diff.stdout, /^--- invoice\.ejs \(stock, 1\.0\.0\)\n\+\+\+ invoice\.ejs \(stock, 1\.1\.0\)\n@@ -1,6 \+1,6 @@\n/);
      assert.match(diff.stdout, /\n-<p class="invoice">Line 3 of invoice<\/p>\n\+<p>Tax number: <%= invoice\.taxId %><\/p>\n/);
      const doctor = await runCliJson<Answers>(["doctor"], { cwd });
      const check = doctor.json.groups.flatMap(({ checks }) => checks).find(({ id }) => id === "templates");
      assert.equal(check?.severity, "warning");
      const unknown = await runCli(["templates", "--mark", "theme/nobody.ejs"], { cwd });
      assert.deepEqual([unknown.code, /ERR_UPGATE_TEMPLATE/.test(unknown.stderr)], [1, true]);
      const names = list.json.templates.map(({ name }) => name);
      const marked = await runCliJson<{ marked: string[] }>(["templates", "--mark", ...names], { cwd });
      assert.deepEqual([marked.code, marked.json.marked], [0, names]);
      const left = await runCli(["templates"], { cwd });
      assert.equal(left.code, 0);
      assert.match(left.stdout, /Nothing to review/);
      const audit = await runCli(["audit"], { cwd });
      assert.match(audit.stdout, /template-reviewed .* cli /);
    }));
});
