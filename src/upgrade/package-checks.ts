import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import semver from "semver";
import type { Check } from "../core/check.js";
import type { DatabaseSource } from "../store/connect.js";
import { nodeCheck } from "./engines-check.js";

const OLDEST_KNEX = "3.0.0";
const OLDEST_EXPRESS = "4.18.0";
/** In the order in which upgate takes them for an address. */
const SQLITE_DRIVERS = ["better-sqlite3", "libsql", "sqlite3"];

interface FoundPackage {
  readonly version: string;
  /** Absolute, links resolved. */
  readonly folder: string;
  /** What is loaded under the package's name; the folder where that can't be told. */
  readonly file: string;
}

/** The packages that upgate needs, as they are seen from `root`, the folder of the configuration file. */
export function packageChecks(root: string, source: DatabaseSource | null, addressed: boolean): Check[] {
  return [
    upgateCheck(),
    nodeCheck(),
    knexCheck(root),
    peerCheck("express", "Express", findEither("express", root), OLDEST_EXPRESS),
    ...(source ? [driverCheck(root, driverNames(source, addressed))] : []),
  ];
}

/** Of what is installed there, by name; null: it is not, or its version can't be told. */
export function packageVersions(
  root: string,
  source: DatabaseSource,
  addressed: boolean,
): Record<"express" | "knex" | "driver", string | null> {
  const driver = driverNames(source, addressed)
    .map((name) => ({ name, found: findEither(name, root) }))
    .find(({ found }) => found !== null);
  return {
    express: findEither("express", root)?.version ?? null,
    knex: findEither("knex", root)?.version ?? null,
    driver: driver ? `${driver.name} ${driver.found?.version}` : null,
  };
}

/** Found by its folder, because a package need not export its package.json. Null: it is not installed there. */
function findPackage(name: string, from: string): FoundPackage | null {
  const require = createRequire(path.join(from, "package.json"));
  const folders = require.resolve.paths(name) ?? [];
  const file = folders.map((folder) => path.join(folder, name, "package.json")).find((candidate) => existsSync(candidate));
  if (file === undefined) return null;
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  const folder = realpathSync(path.dirname(file));
  return { version, folder, file: entryOf(require, name) ?? folder };
}

function entryOf(require: NodeJS.Require, name: string): string | null {
  try {
    return require.resolve(name);
  } catch {
    return null;
  }
}

/** What the application loads, else what upgate itself does. */
function findEither(name: string, root: string): FoundPackage | null {
  return findPackage(name, root) ?? findPackage(name, OWN_FOLDER);
}

const OWN_FOLDER = path.dirname(fileURLToPath(import.meta.url));

function upgateCheck(): Check {
  const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };
  return { id: "upgate", title: "upgate", severity: "ok", message: `${version}, from ${path.resolve(OWN_FOLDER, "../..")}`, remedy: null };
}

function knexCheck(root: string): Check {
  const hosts = findEither("knex", root);
  const check = peerCheck("knex", "knex", hosts, OLDEST_KNEX);
  const own = findPackage("knex", OWN_FOLDER);
  if (check.severity !== "ok" || !hosts || !own || own.folder === hosts.folder) return check;
  return {
    ...check,
    severity: own.version === hosts.version ? "info" : "warning",
    message: `${check.message}; upgate itself loads ${own.version} from ${own.file}`,
    remedy: "Run npm dedupe, so that application and upgate load the same knex.",
  };
}

function peerCheck(name: string, title: string, found: FoundPackage | null, oldest: string): Check {
  const common = { id: name, title };
  const remedy = `Run: npm install ${name}@latest (upgate needs ${oldest} or later)`;
  if (!found) return { ...common, severity: "danger", message: "Not installed.", remedy };
  const old = semver.lt(found.version, oldest);
  return { ...common, severity: old ? "danger" : "ok", message: `${found.version}, from ${found.file}`, remedy: old ? remedy : null };
}

function driverNames({ config, dialect }: DatabaseSource, addressed: boolean): string[] {
  if (addressed && dialect === "sqlite") return SQLITE_DRIVERS;
  const client = config.client as string | { prototype?: { driverName?: string } } | undefined;
  const name = typeof client === "string" ? client : client?.prototype?.driverName;
  return name === undefined ? [] : [name];
}

function driverCheck(root: string, names: readonly string[]): Check {
  const common = { id: "driver", title: "Database driver" };
  for (const name of names) {
    const found = findEither(name, root);
    if (found) return { ...common, severity: "ok", message: `${name} ${found.version}, from ${found.file}`, remedy: null };
  }
  return names.length === 0
    ? { ...common, severity: "info", message: "The application brings a client of its own.", remedy: null }
    : { ...common, severity: "danger", message: `Not installed: ${names.join(" or ")}.`, remedy: `Run: npm install ${names[0]}` };
}
