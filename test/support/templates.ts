import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Upgate, UpgateOptions } from "../../src/index.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "./project.js";
import { withUpgate } from "./upgates.js";
import { until } from "./wait.js";

type Files = Readonly<Record<string, string | Uint8Array>>;

const line = (name: string) => (index: number) => `<p class="${name}">Line ${index + 1} of ${name}</p>`;

/** A template of ten lines, with some of them replaced. */
export function template(name: string, changes: Readonly<Record<number, string>> = {}): string {
  const lines = Array.from({ length: 10 }, (_, index) => line(name)(index));
  for (const [at, text] of Object.entries(changes)) lines[Number(at) - 1] = text;
  return `${lines.join("\n")}\n`;
}

/** Three releases' stock templates: each kind of change, and none. */
export const STOCK = {
  "1.0.0": {
    "invoice.ejs": template("invoice"),
    "footer.ejs": template("footer"),
    "line-ends.ejs": template("line-ends"),
    "gone.ejs": template("gone"),
    "old-name.ejs": template("name"),
    "drifting.ejs": template("drifting"),
    "redundant.ejs": template("redundant"),
    "untouched.ejs": template("untouched"),
    "logo.png": new Uint8Array([137, 80, 78, 71, 0, 1]),
  },
  "1.1.0": {
    "invoice.ejs": template("invoice", { 3: "<p>Tax number: <%= invoice.taxId %></p>" }),
    "footer.ejs": template("footer"),
    "line-ends.ejs": template("line-ends").replaceAll("\n", "\r\n"),
    "new-name.ejs": template("name"),
    "moved/drifted.ejs": template("drifting", { 5: "<p>Something else</p>" }),
    "redundant.ejs": template("redundant", { 1: "<p>Now as the operator had it</p>" }),
    "untouched.ejs": template("untouched", { 2: "<p>Nobody overrides this</p>" }),
    "promotion.ejs": template("promotion"),
    "logo.png": new Uint8Array([137, 80, 78, 71, 0, 2]),
  },
  "1.2.0": {
    "invoice.ejs": template("invoice", { 3: "<p>Tax number: <%= invoice.taxId %></p>", 8: "<p>Due: <%= invoice.dueOn %></p>" }),
    "footer.ejs": template("footer", { 10: "<p>© <%= year %></p>" }),
    "line-ends.ejs": template("line-ends").replaceAll("\n", "\r\n"),
    "new-name.ejs": template("name"),
    "moved/drifted.ejs": template("drifting", { 5: "<p>Something else</p>" }),
    "redundant.ejs": template("redundant", { 1: "<p>Now as the operator had it</p>" }),
    "untouched.ejs": template("untouched", { 2: "<p>Nobody overrides this</p>" }),
    "promotion.ejs": template("promotion", { 1: "<p>Summer</p>" }),
    "logo.png": new Uint8Array([137, 80, 78, 71, 0, 2]),
  },
} as const satisfies Record<string, Files>;

/** The operator's theme, made for 1.0.0. */
export const THEME: Files = {
  "invoice.ejs": template("invoice", { 1: "<p>Our own invoice</p>" }),
  "footer.ejs": template("footer", { 1: "<p>Our own footer</p>" }),
  "line-ends.ejs": template("line-ends", { 1: "<p>Ours</p>" }),
  "gone.ejs": template("gone", { 1: "<p>Ours</p>" }),
  "old-name.ejs": template("name", { 1: "<p>Ours</p>" }),
  "drifting.ejs": template("drifting", { 1: "<p>Ours</p>" }),
  "redundant.ejs": template("redundant", { 1: "<p>Now as the operator had it</p>" }),
  "promotion.ejs": "<p>Our own promotion, before the release had one</p>\n",
  "own-page.ejs": "<p>Overrides nothing</p>\n",
  "logo.png": new Uint8Array([1, 0, 1]),
};

/** An application whose releases ship templates, and whose operator has a theme. */
export interface TemplateSite {
  readonly project: TestProject;
  readonly options: UpgateOptions;
  /** What the upload of a release does to the stock folder. */
  upload(version: keyof typeof STOCK): void;
  /** Writes into the theme folder, as of now or of that time. */
  customize(files: Files, at?: Date): void;
  /** Starts the application with that release's files, upgrades it where that is due, and waits until it has remembered the templates. */
  boot<T>(version: keyof typeof STOCK, use?: (upgate: Upgate) => Promise<T>, more?: Partial<UpgateOptions>): Promise<T | undefined>;
}

/** Before every run of the tests. */
const LONG_AGO = new Date("2026-01-01T00:00:00Z");

/** `theme` at first: made long before. `stock` and `theme` lie in the project's folder. */
export function templateSite(database: string, { theme = THEME, archive }: { theme?: Files; archive?: string } = {}): TemplateSite {
  const templates = { stock: "stock", custom: "theme", ...(archive === undefined ? {} : { archive }) };
  const project = createProject(database, {
    migrations: { "1.0.0/0001-products.mjs": SHOP_MIGRATIONS["1.0.0/0001-products.mjs"] },
    more: { templates },
  });
  const stock = path.join(project.folder, "stock");
  const put = (folder: string, files: Files, at: Date): void => {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(project.folder, folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
      utimesSync(file, at, at);
    }
  };
  mkdirSync(stock);
  put("theme", theme, LONG_AGO);
  const site: TemplateSite = {
    project,
    options: project.options,
    upload(version) {
      rmSync(stock, { recursive: true });
      mkdirSync(stock);
      put("stock", STOCK[version], new Date());
    },
    customize: (files, at = new Date()) => put("theme", files, at),
    async boot(version, use, more = {}) {
      site.upload(version);
      return withUpgate({ ...site.options, version, ...more }, async (upgate) => {
        if (upgate.state().kind !== "current") await (await upgate.upgrader.start({ where: "here" })).finished;
        await upgate.whenOpen();
        await until("the templates to be remembered", () => existsSync(path.join(project.folder, "data/templates", `${version}.json`)));
        return use?.(upgate);
      });
    },
  };
  return site;
}
