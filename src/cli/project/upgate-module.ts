import path from "node:path";
import type { EntryFile } from "./entry-file.js";
import type { PackageFile } from "./package-file.js";

/** The module beside the configuration that makes the one upgate of a process. */
export interface UpgateModule {
  readonly file: "upgate.js" | "upgate.mjs" | "upgate.cjs";
  readonly system: "esm" | "cjs";
  /** Relative to the project's folder. */
  readonly files: readonly { readonly file: string; readonly text: string }[];
}

/** In the module system of the file that will import it; a TypeScript project gets its type, too. */
export function upgateModule(entry: EntryFile | null, type: PackageFile["type"]): UpgateModule {
  const system = entry?.system ?? (type === "module" ? "esm" : "cjs");
  const file = system === "esm" ? (type === "module" ? "upgate.js" : "upgate.mjs") : type === "module" ? "upgate.cjs" : "upgate.js";
  const declaration = { file: file.replace(/js$/, "ts").replace(/^upgate\./, "upgate.d."), text: DECLARATION };
  return { file, system, files: [{ file, text: TEXTS[system] }, ...(entry?.isTypeScript ? [declaration] : [])] };
}

const CONFIG = "./upgate.config.mjs";
const COMMENT = "// The one upgate of this process: for guard and wizard, and for upgate.badge(), health() and knex elsewhere.";

const TEXTS = {
  esm: `${COMMENT}
import { createUpgate } from "upgate";
import config from "${CONFIG}";

export const upgate = createUpgate(config);
`,
  cjs: `${COMMENT}
const { createUpgate } = require("upgate");
const { default: config } = require("${CONFIG}");

exports.upgate = createUpgate(config);
`,
};

const DECLARATION = `import type { Upgate } from "upgate";

export declare const upgate: Upgate;
`;

/** Lines to add, and after which line of which file. */
export interface Insertion {
  /** Null: the file that makes the Express application was not found. */
  readonly file: string | null;
  /** Null: at the file's beginning, or where the application is made if that is not known. */
  readonly after: { readonly line: number; readonly text: string } | null;
  readonly lines: readonly string[];
}

/** The three lines; from the bottom up, so that the line numbers hold while they are added. */
export function insertionsFor(entry: EntryFile | null, module: UpgateModule): Insertion[] {
  const syntax = entry?.syntax ?? (module.system === "esm" ? "import" : "require");
  const from = JSON.stringify(specifier(entry?.file ?? module.file, module.file));
  const variable = entry?.app?.variable ?? "app";
  const link = syntax === "import" ? `import { upgate } from ${from};` : `const { upgate } = require(${from});`;
  const uses = [`${variable}.use(upgate.guard());`, `${variable}.use("/install", upgate.installer());`];
  if (!entry?.app) return [{ file: null, after: null, lines: [link, ...uses] }];
  const { app, file, imports } = entry;
  const after = { line: app.line, text: app.text };
  const indented = (lines: readonly string[]): string[] => lines.map((line) => app.indent + line);
  if (syntax === "require") return [{ file, after, lines: indented([link, ...uses]) }];
  return [
    { file, after, lines: indented(uses) },
    { file, after: imports, lines: [link] },
  ];
}

function specifier(from: string, to: string): string {
  const relative = path.posix.relative(path.posix.dirname(from), to);
  return relative.startsWith(".") ? relative : `./${relative}`;
}
