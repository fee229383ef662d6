import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type PackageFile, readPackageFile } from "./package-file.js";

/** Folders of a monorepo's packages that use knex, relative, sorted; null when the folder is no monorepo's root. */
export function knexWorkspaces(folder: string, { workspaces }: PackageFile): string[] | null {
  const patterns = [...workspaces, ...pnpmPatterns(folder)];
  if (patterns.length === 0) return null;
  const folders = patterns.filter((pattern) => !pattern.startsWith("!")).flatMap((pattern) => expand(folder, pattern));
  return [...new Set(folders)].filter((member) => usesKnex(path.join(folder, member))).toSorted();
}

function pnpmPatterns(folder: string): string[] {
  const file = path.join(folder, "pnpm-workspace.yaml");
  if (!existsSync(file)) return [];
  const packages = /^packages:\s*\n((?:[ \t]*(?:-|#).*\n?|[ \t]*\n)*)/m.exec(readFileSync(file, "utf8"))?.[1] ?? "";
  return [...packages.matchAll(/^[ \t]*-[ \t]*["']?([^"'\s#]+)/gm)].map((match) => match[1] as string);
}

/** `packages/*` and plain folders: what monorepos are made of; other patterns name nothing here. */
function expand(folder: string, pattern: string): string[] {
  const plain = pattern.replace(/^\.\//, "").replace(/\/+$/, "");
  if (!plain.includes("*")) return [plain];
  const parent = /^([^*]*)\/\*{1,2}$/.exec(plain)?.[1];
  if (parent === undefined || !existsSync(path.join(folder, parent))) return [];
  const entries = readdirSync(path.join(folder, parent), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => `${parent}/${entry.name}`);
}

function usesKnex(folder: string): boolean {
  return existsSync(path.join(folder, "package.json")) && readPackageFile(folder).dependencies.has("knex");
}
