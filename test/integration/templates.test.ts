import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { TemplateReview } from "../../src/core/template-review.js";
import { writeTemplateArchive } from "../../src/release/template-archive.js";
import { openContext } from "../../src/upgrade/open-context.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { markTemplateReviewed, readReviewedTemplates, readTemplateReview } from "../../src/upgrade/templates.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { STOCK, template, templateSite, type TemplateSite } from "../support/templates.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the template review on ${kind.name}`, () => reviewOn(kind));

type Version = keyof typeof STOCK;

/** As another process sees it: nothing is remembered from before. */
async function inContext<T>(
  { options }: TemplateSite,
  version: Version,
  use: (context: ReturnType<typeof openContext>) => Promise<T>,
): Promise<T> {
  const context = openContext(resolveSettings({ ...options, version }));
  try {
    return await use(context);
  } finally {
    await context.store.close();
  }
}

const reviewAt = (site: TemplateSite, version: Version): Promise<TemplateReview> =>
  inContext(site, version, async (context) => (await readTemplateReview(context)) as TemplateReview);

const told = ({ templates }: TemplateReview): Record<string, string> =>
  Object.fromEntries(
    templates.map(({ path: name, condition, renamedTo }) => [name, renamedTo ? `${condition} to ${renamedTo}` : condition]),
  );

/** What an operator is told after the upgrade from 1.0.0 to 1.1.0. */
const AFTER_FIRST = {
  "drifting.ejs": "renamed to moved/drifted.ejs",
  "gone.ejs": "removed",
  "invoice.ejs": "changed",
  "logo.png": "changed",
  "old-name.ejs": "renamed to new-name.ejs",
  "promotion.ejs": "added",
};

function reviewOn(kind: DatabaseKind): void {
  async function scene(play: (site: TemplateSite) => Promise<void>, options: Parameters<typeof templateSite>[1] = {}): Promise<void> {
    const site = templateSite((await kind.create()).address, options);
    try {
      await play(site);
    } finally {
      site.project.remove();
    }
  }

  const mark = (site: TemplateSite, version: Version, name: string): Promise<string> =>
    inContext(site, version, async (context) => {
      const found = (await readTemplateReview(context))?.templates.find((one) => one.path === name);
      assert.ok(found, name);
      return markTemplateReviewed(context, found.id, found.now, { address: "127.0.0.1" });
    });

  it("finds each kind of change between two releases, and is silent about the rest", () =>
    scene(async (site) => {
      await site.boot("1.0.0");
      assert.deepEqual(told(await reviewAt(site, "1.0.0")), {}, "nothing has changed yet");
      await site.boot("1.1.0");
      const review = await reviewAt(site, "1.1.0");
      assert.deepEqual(told(review), AFTER_FIRST);
      assert.deepEqual(review.redundant, ["theme/redundant.ejs"]);
      assert.equal(review.version, "1.1.0");
      assert.ok(review.templates.every(({ fromVersion }) => fromVersion === "1.0.0"));
    }));

  it("has the texts of both releases and the operator's own", () =>
    scene(async (site) => {
      await site.boot("1.0.0");
      await site.boot("1.1.0");
      await inContext(site, "1.1.0", async (context) => {
        const all = (await readReviewedTemplates(context, () => true))?.reviewed ?? [];
        const textsOf = (name: string) => all.find((one) => one.template.path === name)?.texts;
        assert.deepEqual(textsOf("invoice.ejs"), {
          earlier: STOCK["1.0.0"]["invoice.ejs"],
          now: STOCK["1.1.0"]["invoice.ejs"],
          own: template("invoice", { 1: "<p>Our own invoice</p>" }),
        });
        assert.equal(textsOf("drifting.ejs")?.now, STOCK["1.1.0"]["moved/drifted.ejs"]);
        assert.equal(textsOf("gone.ejs")?.now, null);
        assert.deepEqual(textsOf("logo.png"), { earlier: null, now: null, own: null }, "an image has no text");
      });
    }));

  it("adds up what was not reviewed over two upgrades, and asks again after a mark only when it changes again", () =>
    scene(async (site) => {
      await site.boot("1.0.0");
      await site.boot("1.1.0");
      await mark(site, "1.1.0", "promotion.ejs");
      await mark(site, "1.1.0", "gone.ejs");
      await mark(site, "1.1.0", "logo.png");
      await mark(site, "1.1.0", "old-name.ejs");
      const left = { "drifting.ejs": AFTER_FIRST["drifting.ejs"], "invoice.ejs": "changed" };
      assert.deepEqual(told(await reviewAt(site, "1.1.0")), left);
      await site.boot("1.1.0");
      assert.deepEqual(told(await reviewAt(site, "1.1.0")), left, "a restart forgets no mark");

      await site.boot("1.2.0");
      const review = await reviewAt(site, "1.2.0");
      assert.deepEqual(told(review), { ...left, "footer.ejs": "changed", "promotion.ejs": "changed" });
      const from = Object.fromEntries(review.templates.map(({ path: name, fromVersion }) => [name, fromVersion]));
      assert.deepEqual([from["invoice.ejs"], from["promotion.ejs"], from["footer.ejs"]], ["1.0.0", "1.1.0", "1.0.0"]);
      await inContext(site, "1.2.0", async (context) => {
        const invoice = (await readReviewedTemplates(context, ({ path: name }) => name === "invoice.ejs"))?.reviewed[0];
        assert.equal(invoice?.texts.earlier, STOCK["1.0.0"]["invoice.ejs"], "the text of two releases ago");
      });
    }));

  it("audits who has marked what, and refuses a mark for what was not looked at", () =>
    scene(async (site) => {
      await site.boot("1.0.0");
      await site.boot("1.1.0");
      await inContext(site, "1.1.0", async (context) => {
        const [first] = (await readTemplateReview(context))?.templates ?? [];
        assert.ok(first);
        const by = { address: "10.1.2.3" };
        await assert.rejects(markTemplateReviewed(context, first.id, "0".repeat(64), by), { code: "ERR_UPGATE_TEMPLATE" });
        await assert.rejects(markTemplateReviewed(context, "nobody", null, by), { code: "ERR_UPGATE_TEMPLATE" });
        await markTemplateReviewed(context, first.id, first.now, by);
        await assert.rejects(markTemplateReviewed(context, first.id, first.now, by), { code: "ERR_UPGATE_TEMPLATE" }, "it is marked");
        const rows = await context.store.knex("upgate_audit").where({ event: "template-reviewed" });
        assert.deepEqual(
          rows.map(({ address, detail }) => [address, detail]),
          [["10.1.2.3", "theme/drifting.ejs (1.1.0, no stock template)"]],
        );
      });
    }));

  it("shows before the upgrade what the new files change, and writes nothing then", () =>
    scene(async (site) => {
      await site.boot("1.0.0");
      site.upload("1.1.0");
      const facts = (): Promise<unknown[]> => inContext(site, "1.1.0", async ({ store }) => store.knex("upgate_fact").select());
      const before = await facts();
      assert.deepEqual(told(await reviewAt(site, "1.1.0")), AFTER_FIRST);
      assert.deepEqual(await facts(), before);
    }));

  it("knows by its age what a template that came later was made for", () =>
    scene(
      async (site) => {
        await site.boot("1.0.0");
        site.customize({ "invoice.ejs": "<p>made for 1.0.0, never seen by upgate</p>\n" }, new Date(Date.now() - 60_000));
        await site.boot("1.1.0", async () => {
          site.customize({ "footer.ejs": "<p>made today for 1.1.0</p>\n" });
          assert.deepEqual(told(await reviewAt(site, "1.1.0")), { "invoice.ejs": "changed" });
        });
        await site.boot("1.2.0");
        assert.deepEqual(told(await reviewAt(site, "1.2.0")), { "footer.ejs": "changed", "invoice.ejs": "changed" });
      },
      { theme: {} },
    ));

  it("follows a template that the operator has moved as told", () =>
    scene(
      async (site) => {
        await site.boot("1.0.0");
        rmSync(path.join(site.project.folder, "theme/drifting.ejs"));
        rmSync(path.join(site.project.folder, "theme/old-name.ejs"));
        const long = new Date("2026-01-01T00:00:00Z");
        site.customize({ "moved/drifted.ejs": template("drifting", { 1: "Ours" }), "new-name.ejs": template("name", { 1: "Ours" }) }, long);
        await site.boot("1.1.0");
        const { templates } = await reviewAt(site, "1.1.0");
        assert.deepEqual(
          templates.map(({ path: name, condition }) => [name, condition]),
          [["moved/drifted.ejs", "changed"]],
          "what was moved alone is silent",
        );
      },
      { theme: { "drifting.ejs": template("drifting", { 1: "Ours" }), "old-name.ejs": template("name", { 1: "Ours" }) } },
    ));

  it("says that it can't tell where nothing is known of the release before, until it is marked", () =>
    scene(async (site) => {
      await site.boot("1.0.0");
      rmSync(path.join(site.project.folder, "data/templates"), { recursive: true });
      await inContext(site, "1.0.0", ({ store }) => store.knex("upgate_fact").delete());
      await site.boot("1.1.0");
      const review = await reviewAt(site, "1.1.0");
      assert.deepEqual(told(review), {
        "footer.ejs": "unknown",
        "invoice.ejs": "unknown",
        "line-ends.ejs": "unknown",
        "logo.png": "unknown",
        "promotion.ejs": "unknown",
      });
      await mark(site, "1.1.0", "footer.ejs");
      assert.equal(told(await reviewAt(site, "1.1.0"))["footer.ejs"], undefined);
      await site.boot("1.2.0");
      const later = told(await reviewAt(site, "1.2.0"));
      assert.deepEqual([later["footer.ejs"], later["invoice.ejs"]], ["changed", "unknown"], "what was not marked is not known still");
    }));

  it("knows the release before by the vendor's manifest and archive, on a site that has kept nothing", () =>
    scene(async (site) => {
      const { folder } = site.project;
      site.upload("1.0.0");
      const archive = path.join(folder, "templates.json");
      const first = await writeTemplateArchive(archive, { stock: path.join(folder, "stock") });
      await site.boot("1.0.0");
      site.upload("1.1.0");
      const second = await writeTemplateArchive(archive, { stock: path.join(folder, "stock") });
      assert.ok(second.texts > first.texts, "the earlier texts were taken along");
      const release = path.join(folder, "release.json");
      const { templates } = second;
      writeFileSync(release, JSON.stringify({ version: "1.1.0", templates, templateHistory: { "1.0.0": first.templates } }));
      rmSync(path.join(folder, "data/templates"), { recursive: true });
      await inContext(site, "1.0.0", ({ store }) => store.knex("upgate_fact").delete());
      const vendors: TemplateSite = {
        ...site,
        options: {
          ...site.options,
          release,
          templates: { stock: path.join(folder, "stock"), custom: path.join(folder, "theme"), archive },
        },
      };
      await site.boot("1.1.0", undefined, vendors.options);
      assert.deepEqual(told(await reviewAt(vendors, "1.1.0")), AFTER_FIRST);
      await inContext(vendors, "1.1.0", async (context) => {
        const invoice = (await readReviewedTemplates(context, ({ path: name }) => name === "invoice.ejs"))?.reviewed[0];
        assert.equal(invoice?.texts.earlier, STOCK["1.0.0"]["invoice.ejs"]);
      });
      rmSync(archive);
      writeFileSync(archive, "{}");
      await inContext(vendors, "1.1.0", async (context) => {
        const invoice = (await readReviewedTemplates(context, ({ path: name }) => name === "invoice.ejs"))?.reviewed[0];
        assert.deepEqual([invoice?.template.condition, invoice?.texts.earlier], ["changed", null], "the sums tell, the text is not known");
      });
    }));

  it("keeps its memory to itself, and lives with hostile names, links and folders", () =>
    scene(async (site) => {
      const theme = path.join(site.project.folder, "theme");
      const outside = site.project.write("secret.txt", "secret");
      symlinkSync(outside, path.join(theme, "footer2.ejs"));
      symlinkSync("..", path.join(theme, "round"));
      mkdirSync(path.join(theme, ".git"));
      writeFileSync(path.join(theme, ".git", "config"), "x");
      const odd = '<img src=x onerror="alert(1)">\n\u001b[31m.ejs';
      site.customize({ [odd]: "odd", "large.ejs": "x".repeat(1024 * 1024 + 1) });
      await site.boot("1.0.0");
      const memory = path.join(site.project.folder, "data/templates");
      assert.equal(statSync(memory).mode & 0o777, 0o700);
      assert.ok(readdirSync(memory).every((name) => (statSync(path.join(memory, name)).mode & 0o777) === 0o600));
      const { skipped } = await reviewAt(site, "1.0.0");
      assert.deepEqual(skipped.toSorted(), ["theme/footer2.ejs", "theme/large.ejs", "theme/round"]);
      assert.ok(existsSync(outside));
    }));
}
