import { createHash } from "node:crypto";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import type { StockTemplates, TemplateSums } from "../core/template-review.js";

/** A larger file is no template, bytes. */
export const TEMPLATE_BYTES = 1024 * 1024;
/** Of one folder; what is beyond is left out. */
export const TEMPLATE_FILES = 5000;
/** Deeper folders are left out: whoever nests them so has made a circle. */
const DEEPEST = 24;
const AT_ONCE = 16;
const MOST_KNOWN = 4 * TEMPLATE_FILES;

export interface TemplateFile extends TemplateSums {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  /** Last changed, ms since 1970. */
  readonly mtimeMs: number;
}

export interface TemplateFolder {
  /** Absolute. */
  readonly folder: string;
  /** By path, sorted. */
  readonly files: ReadonlyMap<string, TemplateFile>;
  /** Paths of what was left out: too large, beyond the number, a link that leads out, not readable. */
  readonly skipped: readonly string[];
}

interface Found {
  readonly path: string;
  /** Resolved: no link is followed again. */
  readonly file: string;
}

/** Reads folders of templates; a file that has not changed since is not read again. */
export class TemplateFiles {
  readonly #known = new Map<string, { readonly stamp: string; readonly sums: TemplateSums }>();

  /** `excluded`: absolute folders that may lie below this one and are no part of it. A folder that does not exist is empty. */
  async read(folder: string, excluded: readonly string[] = []): Promise<TemplateFolder> {
    const skipped: string[] = [];
    const found = await list(folder, excluded, skipped);
    const files: (TemplateFile | null)[] = [];
    for (let start = 0; start < found.length; start += AT_ONCE)
      files.push(...(await Promise.all(found.slice(start, start + AT_ONCE).map((one) => this.#read(one, skipped)))));
    return { folder, skipped, files: new Map(files.flatMap((file) => (file === null ? [] : [[file.path, file] as const]))) };
  }

  async #read({ path: name, file }: Found, skipped: string[]): Promise<TemplateFile | null> {
    try {
      const { mtimeMs, size, ino } = await stat(file);
      if (size > TEMPLATE_BYTES) throw new Error("It is too large.");
      const stamp = `${mtimeMs}:${size}:${ino}`;
      const known = this.#known.get(file);
      const sums = known?.stamp === stamp ? known.sums : sumsOf(await readFile(file));
      if (this.#known.size > MOST_KNOWN) this.#known.clear();
      this.#known.set(file, { stamp, sums });
      return { path: name, mtimeMs, ...sums };
    } catch {
      skipped.push(name);
      return null;
    }
  }
}

/** The stock templates' sums as `release.json` has them (`templates`). `excluded`: as for `TemplateFiles.read`. */
export async function hashTemplates(folder: string, excluded: readonly string[] = []): Promise<StockTemplates> {
  return stockTemplates(await new TemplateFiles().read(folder, excluded));
}

export function stockTemplates({ files }: TemplateFolder): StockTemplates {
  return Object.fromEntries([...files].map(([name, { hash }]) => [name, hash]));
}

/** The file's content with line ends as LF, to which its `hash` belongs; null: it is too large, or gone. */
export async function readTemplate({ folder }: TemplateFolder, name: string): Promise<Buffer | null> {
  try {
    const file = await inside(await realpath(folder), path.join(folder, name));
    if (file === null || (await stat(file)).size > TEMPLATE_BYTES) return null;
    return withUnixLines(await readFile(file));
  } catch {
    return null;
  }
}

/** Null: it is no text. */
export function textOf(bytes: Buffer | null): string | null {
  return bytes === null || bytes.includes(0) ? null : bytes.toString("utf8");
}

function sumsOf(bytes: Buffer): TemplateSums {
  return { hash: sha256(withUnixLines(bytes)), raw: sha256(bytes) };
}

function withUnixLines(bytes: Buffer): Buffer {
  if (bytes.includes(0) || !bytes.includes("\r\n")) return bytes;
  return Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function list(folder: string, excluded: readonly string[], skipped: string[]): Promise<Found[]> {
  const root = await realpath(folder).catch(() => null);
  if (root === null) return [];
  const without = new Set(await Promise.all(excluded.map((one) => realpath(one).catch(() => one))));
  const found: Found[] = [];
  const walk = async (at: string, depth: number): Promise<void> => {
    const entries = (await readdir(at, { withFileTypes: true }).catch(() => null)) ?? [];
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(at, entry.name);
      if (entry.name.startsWith(".") || entry.name === "node_modules" || without.has(file)) continue;
      const name = path.relative(root, file).split(path.sep).join("/");
      if (entry.isDirectory() && depth < DEEPEST) await walk(file, depth + 1);
      else if (!entry.isDirectory()) {
        const target = entry.isFile() ? file : entry.isSymbolicLink() ? await inside(root, file) : null;
        if (target !== null && found.length < TEMPLATE_FILES && !/[\\:\0]/.test(name)) found.push({ path: name, file: target });
        else skipped.push(name);
      }
    }
  };
  await walk(root, 0);
  return found;
}

/** Where a file really lies; null: not below the folder, or it is no file. `root`: resolved. */
async function inside(root: string, file: string): Promise<string | null> {
  try {
    const target = await realpath(file);
    return target.startsWith(root + path.sep) && (await stat(target)).isFile() ? target : null;
  } catch {
    return null;
  }
}
