import { readFileSync } from "node:fs";
import path from "node:path";
import ignore from "ignore";

/** What is no part of a release anywhere; in the order and the language of a .gitignore. */
const NEVER_SHIPPED = [
  ".git",
  ".hg",
  ".svn",
  ".gitignore",
  ".gitattributes",
  ".gitmodules",
  ".upgateignore",
  ".npmrc",
  ".env*",
  // Hosting panels write into the first, certificates come into the second.
  ".htaccess",
  ".well-known",
  ".DS_Store",
  "Thumbs.db",
  "desktop.ini",
  "*.log",
  "/logs/",
  "/tmp/",
  // npm on the server makes its own.
  "node_modules",
] as const;

export const IGNORE_FILE = ".upgateignore";

export interface SealRules {
  /** `.gitignore` patterns, in addition to those of `.upgateignore`. */
  readonly exclude: readonly string[];
  /** Patterns of what is shipped all the same; a file comes back only with its folder, as in Git. */
  readonly include: readonly string[];
  /** Absolute paths that belong to the site or to the vendor. */
  readonly own: readonly string[];
  /** Absolute paths that are never listed, whatever `include` says. */
  readonly never: readonly string[];
}

/** Whether a path below the folder is left out. `file`: relative, with `/`; a folder's ends with one. */
export type LeftOut = (file: string) => boolean;

/** Reads `.upgateignore` in the folder, where there is one. */
export function leftOut(folder: string, { exclude, include, own, never }: SealRules): LeftOut {
  const rules = ignore({ ignorecase: false })
    .add(NEVER_SHIPPED)
    .add(own.flatMap((file) => patternsOf(folder, file)))
    .add(readIgnoreFile(folder))
    .add([...exclude])
    .add(include.map((pattern) => `!${pattern}`));
  const last = ignore({ ignorecase: false }).add(never.flatMap((file) => patternsOf(folder, file)));
  return (file) => rules.ignores(file) || last.ignores(file);
}

/** An absolute path as a pattern; none for what lies elsewhere. */
function patternsOf(folder: string, file: string): string[] {
  const relative = path.relative(folder, file);
  if (relative === "" || relative.startsWith("..") || path.isAbsolute(relative)) return [];
  return [`/${relative.replaceAll(path.sep, "/").replaceAll(/[\\*?[\]!# ]/g, String.raw`\$&`)}`];
}

function readIgnoreFile(folder: string): string {
  try {
    return readFileSync(path.join(folder, IGNORE_FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
