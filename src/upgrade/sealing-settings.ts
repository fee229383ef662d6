import { existsSync } from "node:fs";
import path from "node:path";
import { configFileOf } from "../core/config-file.js";
import { checkOptions, refuseProblems } from "../core/check-options.js";
import { type OptionProblem, UpgateError } from "../core/errors.js";
import type { ParsedOptions } from "../core/options.js";
import { listMigrations } from "../release/migrations.js";
import { isFolder, type TemplatePaths, templatePaths, toPath } from "./settings.js";

/** What sealing takes from the configuration. Paths are absolute. */
export interface SealingSettings {
  readonly version: string;
  /** `release.json`, which need not exist; its folder is what is sealed. */
  readonly manifest: string;
  /** Null: there are none. */
  readonly templates: TemplatePaths | null;
  /** Names of the migrations up to the version, in order; null where they come from a source. */
  readonly migrations: readonly string[] | null;
  /** What belongs to the site, not to the release: data, themes, the database's file, the install folder. */
  readonly sites: readonly string[];
  readonly publicKeys: readonly string[];
}

/** Options that a machine which only builds the release must have; it may lack the database's address and the install key. */
const NEEDED = /^(?:version|migrations|release|templates|publicKey|dataDir|installDir)\b/;

/** Throws `ERR_UPGATE_OPTIONS` with the problems of the options that sealing needs. */
export function sealingSettings(input: unknown): SealingSettings {
  if (typeof input !== "object" || input === null)
    throw new UpgateError("ERR_UPGATE_OPTIONS", "The configuration holds no options.", { problems: [] });
  const { value: options, problems } = checkOptions(input, process.env);
  const configFile = configFileOf(input);
  const root = configFile === null ? process.cwd() : path.dirname(toPath(configFile, process.cwd()));
  const found = problems.filter((problem) => NEEDED.test(problem.path));
  refuseProblems(found);
  const templates = templatePaths(options, root);
  const listing = isFolder(options.migrations) ? listMigrations(toPath(options.migrations, root), options.version) : null;
  refuseProblems([...(listing?.problems ?? []), ...missingStock(templates?.stock ?? null)]);
  const at = (file: string | URL | null | undefined): string[] => (file === null || file === undefined ? [] : [toPath(file, root)]);
  return {
    version: options.version,
    manifest: at(options.release)[0] ?? path.join(root, "release.json"),
    templates,
    migrations: listing?.files.map(({ name }) => name) ?? null,
    sites: [...at(options.dataDir), ...at(options.installDir), ...(templates?.custom ?? []), ...databaseFiles(options, root)],
    publicKeys: options.publicKeys,
  };
}

function missingStock(stock: string | null): OptionProblem[] {
  return stock === null || existsSync(stock) ? [] : [{ path: "templates.stock", message: `the file ${stock} does not exist` }];
}

/** SQLite's file and what it keeps beside it. */
function databaseFiles({ database }: Partial<Pick<ParsedOptions, "database">>, root: string): string[] {
  const given: unknown = database?.app;
  const connection = (given as { readonly connection?: { readonly filename?: unknown } } | undefined)?.connection;
  const named = typeof given === "string" ? /^sqlite:(?:\/\/)?([^?]+)/.exec(given)?.[1] : connection?.filename;
  if (typeof named !== "string" || named === "") return [];
  const file = toPath(named, root);
  return ["", "-wal", "-shm", "-journal"].map((end) => file + end);
}
