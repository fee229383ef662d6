import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { PackageFile } from "./package-file.js";
import { type ExpressCreation, findExpress, lastImportLine, relativeImports, usesImportSyntax, withoutComments } from "./script-text.js";

const EXTENSIONS = ["", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"];
const USUAL = ["app", "server", "index", "main", "bin/www"].flatMap((name) => [name, `src/${name}`]);
const MOST_FILES = 500;

/** The file in which the lines go that put upgate into the application. */
export interface EntryFile {
  /** Relative to the project's folder, with `/`. */
  readonly file: string;
  /** How Node runs it. */
  readonly system: "esm" | "cjs";
  /** How it is written: TypeScript says `import` in either system. */
  readonly syntax: "import" | "require";
  readonly isTypeScript: boolean;
  /** Null when the files that start the application don't show where it is made. */
  readonly app: (ExpressCreation & { readonly text: string }) | null;
  /** The last line of the last import at the top, with its text. */
  readonly imports: { readonly line: number; readonly text: string } | null;
}

/** Follows the start script, `main` and the usual names to the file that calls `express()`; reads text, runs nothing. */
export function findEntryFile(folder: string, packageFile: PackageFile): EntryFile | null {
  const starts = startFiles(folder, packageFile);
  const queue = [...starts];
  const seen = new Set(queue);
  for (let index = 0; index < queue.length && index < MOST_FILES; index++) {
    const file = queue[index] as string;
    const code = withoutComments(readFileSync(path.join(folder, file), "utf8"));
    if (findExpress(code) !== null) return describe(folder, file, packageFile);
    for (const specifier of relativeImports(code)) {
      const next = resolveModule(folder, path.posix.join(path.posix.dirname(file), specifier));
      if (next !== null && !seen.has(next)) {
        seen.add(next);
        queue.push(next);
      }
    }
  }
  return starts[0] === undefined ? null : describe(folder, starts[0], packageFile);
}

function describe(folder: string, file: string, { type }: PackageFile): EntryFile {
  const text = readFileSync(path.join(folder, file), "utf8");
  const code = withoutComments(text);
  const lines = text.split(/\r?\n/);
  const app = findExpress(code);
  const importLine = lastImportLine(code);
  const isImport = usesImportSyntax(code);
  const isTypeScript = /\.[mc]?ts$/.test(file);
  return {
    file,
    system: systemOf(file, type, isImport && !isTypeScript),
    syntax: isImport ? "import" : "require",
    isTypeScript,
    app: app && { ...app, text: (lines[app.line - 1] ?? "").trim() },
    imports: importLine === null ? null : { line: importLine, text: (lines[importLine - 1] ?? "").trim() },
  };
}

/** As Node decides: by extension, by package.json, else by what the text is. */
export function systemOf(file: string, type: PackageFile["type"], hasImportSyntax: boolean): "esm" | "cjs" {
  if (/\.m[jt]s$/.test(file)) return "esm";
  if (/\.c[jt]s$/.test(file)) return "cjs";
  if (type !== null) return type === "module" ? "esm" : "cjs";
  return hasImportSyntax ? "esm" : "cjs";
}

function startFiles(folder: string, { main, startScript }: PackageFile): string[] {
  const named = [...(startScript?.split(/\s+/) ?? []), ...(main === null ? [] : [main])].filter((word) => /^[\w@./-]+$/.test(word));
  const found = [...named.filter((word) => /[./]/.test(word) || word === startScript?.split(/\s+/).at(-1)), ...USUAL].map((name) =>
    resolveModule(folder, path.posix.normalize(name)),
  );
  return [...new Set(found.filter((file) => file !== null))];
}

/** The file that a path without guarantee of an extension names: the source rather than what was compiled from it. */
function resolveModule(folder: string, name: string): string | null {
  if (name.startsWith("..") || name.includes("node_modules")) return null;
  const plain = name.replace(/\/$/, "") || ".";
  const compiled = /^(?:dist|build|out|lib)\/(.*)\.([mc]?)js$/.exec(plain);
  const source = compiled ? [`src/${compiled[1]}.${compiled[2]}ts`] : [];
  const typescript = plain.replace(/\.([mc]?)js$/, ".$1ts");
  const candidates = [
    ...source,
    ...EXTENSIONS.map((extension) => plain + extension),
    typescript,
    ...EXTENSIONS.map((extension) => path.posix.join(plain, `index${extension}`)),
  ];
  return candidates.find((file) => statSync(path.join(folder, file), { throwIfNoEntry: false })?.isFile()) ?? null;
}
