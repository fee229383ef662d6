import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { messageOf, UpgateError } from "../../core/errors.js";

/** What package.json says about a project. */
export interface PackageFile {
  readonly name: string | null;
  /** `productName`, else the name without its scope. */
  readonly product: string | null;
  readonly version: string | null;
  /** Null when package.json says nothing: Node then looks at each file. */
  readonly type: "module" | "commonjs" | null;
  readonly main: string | null;
  readonly startScript: string | null;
  /** Names of `dependencies`, `devDependencies` and `peerDependencies`. */
  readonly dependencies: ReadonlySet<string>;
  /** The patterns of an npm or Yarn monorepo. */
  readonly workspaces: readonly string[];
  /** `knex.knexfile`, relative to the folder. */
  readonly knexfile: string | null;
}

/** Reads the folder's package.json. Throws `ERR_UPGATE_PROJECT` when there is none or it is no JSON object. */
export function readPackageFile(folder: string): PackageFile {
  const file = path.join(folder, "package.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_PROJECT", `There is no package.json in ${folder}.`, {
      cause,
      remedy: "Change into the application's folder, the one with its package.json.",
    });
  }
  try {
    return parsePackage(JSON.parse(text));
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_PROJECT", `${file} can't be read: ${messageOf(cause)}`, { cause, remedy: "Correct package.json." });
  }
}

export function parsePackage(json: unknown): PackageFile {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new TypeError("it is not a JSON object");
  const member = memberOf(json);
  const name = textOf(member("name"));
  const type = member("type");
  const workspaces = member("workspaces");
  const patterns = Array.isArray(workspaces) ? workspaces : memberOf(workspaces)("packages");
  const dependencies = ["dependencies", "devDependencies", "peerDependencies"].flatMap((key) => Object.keys(objectOf(member(key))));
  return {
    name,
    product: textOf(member("productName")) ?? name?.replace(/^@[^/]*\//, "") ?? null,
    version: textOf(member("version")),
    type: type === "module" || type === "commonjs" ? type : null,
    main: textOf(member("main")),
    startScript: textOf(memberOf(member("scripts"))("start")),
    dependencies: new Set(dependencies),
    workspaces: Array.isArray(patterns) ? patterns.filter((pattern) => typeof pattern === "string") : [],
    knexfile: textOf(memberOf(member("knex"))("knexfile")),
  };
}

/** Version of a package as the folder's own modules would get it; null when it is not installed. */
export function installedVersion(folder: string, name: string): string | null {
  for (const modules of createRequire(path.join(folder, "package.json")).resolve.paths(name) ?? []) {
    try {
      const { version } = JSON.parse(readFileSync(path.join(modules, name, "package.json"), "utf8")) as { version?: unknown };
      return textOf(version);
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return null;
}

function objectOf(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

function memberOf(value: unknown): (name: string) => unknown {
  return (name) => (objectOf(value) as Record<string, unknown>)[name];
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}
