import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Data, TemplateFunction } from "ejs";

const require = createRequire(import.meta.url);
const PACKAGE_ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGE_VIEWS = path.join(PACKAGE_ROOT, "views");
const PUBLIC = path.join(PACKAGE_ROOT, "public");

/** Renders the package's views, each of which a host may override by a file of the same name in its own folders. */
export class Renderer {
  readonly #folders: readonly string[];
  readonly #compiled = new Map<string, TemplateFunction>();

  constructor(hostViews: readonly string[]) {
    this.#folders = [...hostViews, PACKAGE_VIEWS];
  }

  /** `view`: file name without `.ejs`, relative to the views folder. */
  render(view: string, locals: object): string {
    let template = this.#compiled.get(view);
    if (!template) {
      const ejs = require("ejs") as typeof import("ejs"); // not before a view is needed: it is not while a program starts
      const filename = this.resolve(view);
      // An includer of our own looks every partial up anew, so that an override wins over its sibling in the package.
      template = ejs.compile(readFileSync(filename, "utf8"), { filename, includer: (name: string) => ({ filename: this.resolve(name) }) });
      this.#compiled.set(view, template);
    }
    return template(locals as Data);
  }

  /** Absolute path of a view. */
  resolve(view: string): string {
    const name = view.replace(/^(?:\.{0,2}\/)+/, "").replace(/\.ejs$/, "");
    const found = this.#folders.map((folder) => path.join(folder, `${name}.ejs`)).find(existsSync);
    if (found === undefined) throw new Error(`There is no view ${name}.ejs in ${this.#folders.join(", ")}.`);
    return found;
  }
}

export interface Asset {
  readonly body: Buffer;
  readonly type: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};
const assets = new Map<string, Asset | null>();

/** A file of the package's public folder, read once; null for any other name. */
export function publicAsset(name: string): Asset | null {
  let asset = assets.get(name);
  if (asset === undefined) {
    asset = readAsset(name);
    if (asset) assets.set(name, asset);
  }
  return asset;
}

function readAsset(name: string): Asset | null {
  const type = TYPES[path.extname(name)];
  if (!type || !/^[a-z]+(?:-[a-z]+)*\.[a-z]+$/.test(name) || !existsSync(path.join(PUBLIC, name))) return null;
  return { body: readFileSync(path.join(PUBLIC, name)), type };
}

/** A public file's text for a page that carries it inline. */
export function publicText(name: string): string {
  return readFileSync(path.join(PUBLIC, name), "utf8").trim();
}
