import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { StockTemplates } from "../core/template-review.js";
import { compareVersions, isVersion } from "../core/version.js";
import { isFileHashes } from "./manifest.js";
import { packContent, unpackContent, writeWhole } from "./template-content.js";
import { readTemplate, sha256, stockTemplates, type TemplateFolder } from "./template-files.js";

/** The latest releases whose templates are remembered. */
export const REMEMBERED_RELEASES = 10;
/** Of all texts, as they lie on disk. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Lists are short; a larger one is none of ours. */
const LIST_BYTES = 4 * 1024 * 1024;

/**
 * The stock templates that this site has had: `<sha256>.gz` each, and `<version>.json` with the sums by path. In the data folder, for its
 * account only. What is damaged counts as not there.
 */
export class TemplateMemory {
  /** `folder`: absolute; made when something is first remembered. */
  constructor(private readonly folder: string) {}

  /**
   * Writes down the stock templates of the release on disk, and lets go of what is not needed any more. `kept`: sums to keep in any case. A release's list
   * is written once: a restart in the middle of an upload must not pass the next release's templates for this one's.
   */
  async remember(version: string, stock: TemplateFolder, kept: ReadonlySet<string>): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const present = new Set(await readdir(this.folder));
    for (const [name, { hash }] of stock.files) {
      if (present.has(`${hash}.gz`)) continue;
      const bytes = await readTemplate(stock, name);
      // The file changed in between: the next time.
      if (bytes === null || sha256(bytes) !== hash) continue;
      await this.#write(`${hash}.gz`, await packContent(bytes));
      present.add(`${hash}.gz`);
    }
    const templates = stockTemplates(stock);
    if ((await this.#list(version)) === null) await this.#write(`${version}.json`, `${JSON.stringify({ version, templates })}\n`);
    await this.#prune(version, new Set([...kept, ...Object.values(templates)]));
  }

  /** Of every release that is remembered. */
  async releases(): Promise<Map<string, StockTemplates>> {
    const found = new Map<string, StockTemplates>();
    for (const version of await this.#versions()) {
      const templates = await this.#list(version);
      if (templates) found.set(version, templates);
    }
    return found;
  }

  /** Null: it is not remembered, or damaged. */
  async content(hash: string): Promise<Buffer | null> {
    const packed = await readFile(path.join(this.folder, `${hash}.gz`)).catch(() => null);
    return packed && unpackContent(packed, hash);
  }

  async #versions(): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => []);
    const versions = names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
    return versions.filter(isVersion).toSorted((a, b) => compareVersions(b, a));
  }

  async #list(version: string): Promise<StockTemplates | null> {
    try {
      const file = path.join(this.folder, `${version}.json`);
      if ((await stat(file)).size > LIST_BYTES) return null;
      const { templates } = JSON.parse(await readFile(file, "utf8")) as { templates?: unknown };
      return isFileHashes(templates) ? templates : null;
    } catch {
      return null;
    }
  }

  /** The oldest release goes first; never the present one, nor what is kept. */
  async #prune(version: string, kept: ReadonlySet<string>): Promise<void> {
    const lists = await this.releases();
    const order = [version, ...[...lists.keys()].filter((one) => one !== version)];
    const needed = new Set(kept);
    const sizes = await this.#sizes();
    let bytes = sum([...kept].map((hash) => sizes.get(hash)));
    let remembered = 0;
    for (const one of order) {
      const hashes = new Set(Object.values(lists.get(one) ?? {}).filter((hash) => !needed.has(hash)));
      bytes += sum([...hashes].map((hash) => sizes.get(hash)));
      const stays = one === version || (remembered < REMEMBERED_RELEASES && bytes <= MOST_BYTES);
      if (!stays) await rm(path.join(this.folder, `${one}.json`), { force: true });
      else for (const hash of hashes) needed.add(hash);
      remembered++;
    }
    for (const hash of sizes.keys()) if (!needed.has(hash)) await rm(path.join(this.folder, `${hash}.gz`), { force: true });
  }

  /** Of the texts, by sum; on the way what a killed process has left is removed. */
  async #sizes(): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    for (const name of await readdir(this.folder)) {
      const file = path.join(this.folder, name);
      const found = await stat(file).catch(() => null);
      if (found && /^[0-9a-f]{64}\.gz$/.test(name)) sizes.set(name.slice(0, 64), found.size);
      else if (found && name.endsWith(".part") && Date.now() - found.mtimeMs > PART_MS) await rm(file, { force: true });
    }
    return sizes;
  }

  async #write(name: string, content: Buffer | string): Promise<void> {
    await writeWhole(path.join(this.folder, name), content, 0o600);
  }
}

/** How long another process may take to write one file, ms. */
const PART_MS = 60 * 60 * 1000;

function sum(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
}
