import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { lineAt, withoutComments } from "./script-text.js";

const SKIPPED = new Set(["node_modules", "dist", "build", "out", "coverage", "public", "migrations", "seeds", "test", "tests"]);
const MOST_FILES = 2000;

/** Where a module makes the application's knex. */
export interface KnexMaker {
  /** Relative to the project's folder, with `/`. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** The project's own modules that call knex; their text is read, they are never run. */
export function findKnexMakers(folder: string): KnexMaker[] {
  return scripts(folder).flatMap((file) => {
    const line = knexCallLine(readFileSync(path.join(folder, file), "utf8"));
    return line === null ? [] : [{ file, line }];
  });
}

/** The line of the call that makes an instance; null when the text does not load knex or makes none. */
export function knexCallLine(text: string): number | null {
  const code = withoutComments(text);
  const direct = /\brequire\(\s*["']knex["']\s*\)\s*\(/.exec(code);
  if (direct) return lineAt(code, direct.index);
  const name =
    /^\s*import\s+(?:\*\s+as\s+)?([\w$]+)[^;"']*?from\s*["']knex["']/m.exec(code)?.[1] ??
    /^\s*import\s*\{[^}]*\bknex(?:\s+as\s+([\w$]+))?[^}]*\}\s*from\s*["']knex["']/m.exec(code)?.[1] ??
    /\b([\w$]+)\s*=\s*require\(\s*["']knex["']\s*\)/.exec(code)?.[1] ??
    (/["']knex["']/.test(code) ? "knex" : null);
  if (name === null) return null;
  const call = new RegExp(`(?<![\\w$.])${name.replaceAll("$", "\\$")}(?:\\.default)?(?:<[^>]*>)?\\(`).exec(code);
  return call ? lineAt(code, call.index) : null;
}

/** Breadth first: what counts lies high up. */
function scripts(folder: string): string[] {
  const found: string[] = [];
  const queue = [""];
  while (queue.length > 0 && found.length < MOST_FILES) {
    const place = queue.shift() as string;
    for (const entry of readdirSync(path.join(folder, place), { withFileTypes: true })) {
      const name = path.posix.join(place, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name) && !entry.name.startsWith(".")) queue.push(name);
      else if (entry.isFile() && /(?<!\.d)\.[mc]?[jt]s$/.test(entry.name) && !entry.name.startsWith("knexfile.")) found.push(name);
    }
  }
  return found.toSorted((a, b) => a.split("/").length - b.split("/").length || (a < b ? -1 : 1));
}
