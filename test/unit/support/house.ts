import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A source file as the rules see it: path below `src/` with `/`, and text. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** A breach of a rule, for people. */
export type Breach = string;

interface Import {
  readonly specifier: string;
  /** True when TypeScript erases it: nothing is loaded at run time. */
  readonly typeOnly: boolean;
}

const STATIC = /^[ \t]*(?:import|export)\s+(?:(type)\s+)?(?:([\w*\s{},$]+?)\s+from\s+)?["']([^"']+)["']/gm;
const DYNAMIC = /\b(?:import|require)\(\s*["']([^"']+)["']\s*\)/g;
const TYPE_QUERY = /\btypeof\s+import\(\s*["']([^"']+)["']\s*\)/g;

/** Which parts of the house a part may use; a part may always use itself. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  core: [],
  store: ["core"],
  release: ["core"],
  backup: ["core"],
  upgrade: ["store", "release", "backup", "core"],
  web: ["upgrade", "store", "release", "backup", "core"],
  cli: ["upgrade", "store", "release", "backup", "core"],
  demo: ["web", "cli", "upgrade", "store", "release", "backup", "core", "index.ts"],
  "index.ts": ["web", "upgrade", "store", "release", "backup", "core"],
  testing: ["web", "cli", "upgrade", "store", "release", "backup", "core"],
  "testing.ts": ["testing", "web", "upgrade", "store", "release", "backup", "core"],
};

const MOST_LINES = 350;

export function readSources(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.[cm]?tsx?$/.test(name))
    .map((name) => ({ file: name.split(path.sep).join("/"), text: readFileSync(path.join(folder, name), "utf8") }))
    .toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

export function importsOf(text: string): Import[] {
  const code = text.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const queried = [...code.matchAll(TYPE_QUERY)].map((match) => ({ specifier: match[1] as string, typeOnly: true }));
  const dynamic = [...code.replace(TYPE_QUERY, "").matchAll(DYNAMIC)].map((match) => ({ specifier: match[1] as string, typeOnly: false }));
  const fixed = [...code.matchAll(STATIC)].map(([, type, names, specifier]) => ({
    specifier: specifier as string,
    typeOnly: type !== undefined || isTypesOnly(names),
  }));
  return [...fixed, ...dynamic, ...queried];
}

/** `{ type A, type B }`: TypeScript leaves the bare import, but of upgate's own modules nothing of theirs is used. */
function isTypesOnly(names: string | undefined): boolean {
  const members = /^\{([^]*)\}$/.exec(names?.trim() ?? "")?.[1]?.split(",");
  return members !== undefined && members.every((member) => member.trim() === "" || /^type\s/.test(member.trim()));
}

/** `web` for `web/wizard/steps.ts`, `index.ts` for `index.ts`. */
function partOf(file: string): string {
  return file.split("/")[0] as string;
}

/** The file that a relative specifier names; null for packages. */
function target(from: string, specifier: string): string | null {
  if (!specifier.startsWith(".")) return null;
  return path.posix.join(path.posix.dirname(from), specifier).replace(/\.([cm]?)js$/, ".$1ts");
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Imports run one way; siblings never import each other. */
export function checkDirections(sources: readonly Source[]): Breach[] {
  const known = new Set(sources.map(({ file }) => file));
  return sources.flatMap(({ file, text }) =>
    importsOf(text).flatMap(({ specifier }) => {
      const to = target(file, specifier);
      if (to === null) return [];
      if (!known.has(to)) return [`${file} imports ${to}, which is not there`];
      const [from, part] = [partOf(file), partOf(to)];
      return from === part || (MAY_USE[from] ?? []).includes(part) ? [] : [`${file} imports ${to}: ${from} must not use ${part}`];
    }),
  );
}

/** `core` is pure; Express and ejs are used by `web` and `demo` only. */
export function checkPackages(sources: readonly Source[]): Breach[] {
  return sources.flatMap(({ file, text }) => {
    const part = partOf(file);
    return importsOf(text).flatMap(({ specifier, typeOnly }) => {
      if (specifier.startsWith(".")) return [];
      const name = packageOf(specifier);
      if (["express", "ejs"].includes(name) && part !== "web" && part !== "demo") return [`${file} imports ${name}`];
      if (part !== "core") return [];
      if (name.startsWith("node:")) return [`${file} imports ${specifier}: core does no I/O`];
      return name === "knex" && !typeOnly ? [`${file} loads knex`] : [];
    });
  });
}

/** Types count, too: two files that need each other's types are one file, or three. */
export function checkCycles(sources: readonly Source[]): Breach[] {
  const uses = new Map(
    sources.map(({ file, text }) => [
      file,
      importsOf(text)
        .map(({ specifier }) => target(file, specifier))
        .filter((to) => to !== null),
    ]),
  );
  const done = new Set<string>();
  const breaches: Breach[] = [];
  const visit = (file: string, above: readonly string[]): void => {
    if (above.includes(file)) breaches.push([...above.slice(above.indexOf(file)), file].join(" → "));
    if (above.includes(file) || done.has(file)) return;
    for (const to of uses.get(file) ?? []) visit(to, [...above, file]);
    done.add(file);
  };
  for (const file of uses.keys()) visit(file, []);
  return breaches;
}

/** Names and sizes. */
export function checkFiles(sources: readonly Source[]): Breach[] {
  return sources.flatMap(({ file, text }) => {
    const name = path.posix.basename(file);
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    return [
      ...(/^(?:utils?|types?|helpers?)\./.test(name) ? [`${file} is named for nothing in particular`] : []),
      ...(name.startsWith("index.") && file !== "index.ts" ? [`${file} is a barrel`] : []),
      ...(file.split("/").every((segment) => /^[a-z\d]+(?:-[a-z\d]+)*(?:\.ts)?$/.test(segment)) ? [] : [`${file} is not in kebab case`]),
      ...(lines > MOST_LINES ? [`${file} has ${lines} lines`] : []),
    ];
  });
}

/** The public names, nothing else; and no other file does nothing but pass on names. */
export function checkPublicNames(sources: readonly Source[]): Breach[] {
  return sources.flatMap(({ file, text }) => {
    const statements = text.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
    const rest = statements.replace(/^export\s+(?:type\s+)?\{[^}]*\}\s+from\s+"[^"]+";/gm, "").trim();
    if (file === "index.ts") return rest === "" ? [] : [`index.ts holds more than re-exports: ${rest.slice(0, 60)}`];
    const isBarrel = statements.trim() !== "" && rest.replace(/^export\s+\*.*;/gm, "").trim() === "";
    return isBarrel && file !== "testing.ts" ? [`${file} only passes on names`] : [];
  });
}
