import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Knex } from "knex";
import { messageOf, UpgateError } from "../../core/errors.js";

const FOLDERS = ["", "src", "db", "config"];
const EXTENSIONS = ["js", "cjs", "mjs", "ts"];

/** How a module gets at the configuration of a knexfile, in the order of the members. */
export interface KnexfileAccess {
  /** `namespace`: the file exports its environments by name. */
  readonly imported: "default" | "namespace";
  /** A default export inside the default export, as compilers to CommonJS leave it. */
  readonly nestedDefault: boolean;
  readonly called: boolean;
  readonly awaited: boolean;
  /** One configuration per NODE_ENV. */
  readonly perEnvironment: boolean;
}

export interface Knexfile {
  /** Relative to the project's folder, with `/`. */
  readonly file: string;
  readonly access: KnexfileAccess;
  /** That of the present environment. */
  readonly config: Knex.Config;
  /** The present environment's name, where there are several. */
  readonly environment: string | null;
}

/** The knexfile given or named in package.json, else the one that is there; null without one. Two are an error. */
export function findKnexfile(folder: string, given: string | null): string | null {
  if (given !== null) {
    if (existsSync(path.join(folder, given))) return path.posix.normalize(given.split(path.sep).join("/"));
    throw new UpgateError("ERR_UPGATE_PROJECT", `The knexfile ${given} does not exist.`, { remedy: "Name it from this folder on." });
  }
  const found = FOLDERS.flatMap((place) => EXTENSIONS.map((extension) => path.posix.join(place, `knexfile.${extension}`))).filter((file) =>
    existsSync(path.join(folder, file)),
  );
  if (found.length > 1)
    throw new UpgateError("ERR_UPGATE_PROJECT", `There are ${found.length} knexfiles: ${found.join(", ")}.`, {
      remedy: `Say which one the application uses: npx upgate init --knexfile ${found[0]}`,
    });
  return found[0] ?? null;
}

/** Loads the knexfile as knex does. Throws `ERR_UPGATE_PROJECT` with the file's own error when it can't be loaded. */
export async function readKnexfile(folder: string, file: string, nodeEnv: string | undefined): Promise<Knexfile> {
  const absolute = path.join(folder, file);
  let exported: { readonly access: Omit<KnexfileAccess, "perEnvironment">; readonly value: unknown };
  try {
    exported = await configurationOf((await import(pathToFileURL(absolute).href)) as object);
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_PROJECT", `${file} can't be loaded: ${messageOf(cause)}`, { cause, remedy: remedyFor(file, cause) });
  }
  const { access, value } = exported;
  if (typeof value !== "object" || value === null)
    throw new UpgateError("ERR_UPGATE_PROJECT", `${file} gives no configuration object.`, {
      remedy: "Make it export what knex takes, as for the knex command line.",
    });
  const environment = nodeEnv || "development";
  const environments = value as Readonly<Record<string, unknown>>;
  const perEnvironment = typeof environments[environment] === "object" && environments[environment] !== null;
  const config = (perEnvironment ? environments[environment] : value) as Knex.Config;
  if (config.client === undefined) throw noClient(file, environment, environments);
  return { file, access: { ...access, perEnvironment }, config, environment: perEnvironment ? environment : null };
}

/** Follows default exports, functions and promises until there is an object; an instance of knex is one already. */
export async function configurationOf(module: object): Promise<{ access: Omit<KnexfileAccess, "perEnvironment">; value: unknown }> {
  const hasDefault = "default" in module;
  let value: unknown = hasDefault ? module.default : module;
  const nestedDefault = typeof value === "object" && value !== null && hasDefault && "__esModule" in value && "default" in value;
  if (nestedDefault) value = (value as { default: unknown }).default;
  const called = typeof value === "function" && !isInstance(value);
  if (called) value = (value as () => unknown)();
  const awaited = typeof (value as { then?: unknown } | null | undefined)?.then === "function";
  if (awaited) value = await value;
  if (isInstance(value)) value = value.client.config;
  return { access: { imported: hasDefault ? "default" : "namespace", nestedDefault, called, awaited }, value };
}

function isInstance(value: unknown): value is Knex {
  return typeof value === "function" && "client" in value && "raw" in value;
}

function noClient(file: string, environment: string, environments: Readonly<Record<string, unknown>>): UpgateError {
  const names = Object.keys(environments).filter((name) => Object.hasOwn(Object(environments[name]) as object, "client"));
  return names.length === 0
    ? new UpgateError("ERR_UPGATE_PROJECT", `${file} names no client.`, { remedy: 'Add the client to it, for example client: "mysql2".' })
    : new UpgateError("ERR_UPGATE_PROJECT", `${file} has no environment "${environment}"; it has ${names.join(", ")}.`, {
        remedy: `Set NODE_ENV to one of them, for example: NODE_ENV=${names[0]} npx upgate init`,
      });
}

function remedyFor(file: string, cause: unknown): string {
  const { code } = Object(cause) as NodeJS.ErrnoException;
  return file.endsWith(".ts") && (code === "ERR_UNKNOWN_FILE_EXTENSION" || cause instanceof SyntaxError)
    ? 'Node can\'t read it alone. Run upgate with the loader that the application uses, for example: NODE_OPTIONS="--import tsx" npx upgate init'
    : "Correct it until the knex command line can read it (npx knex migrate:list), or set the environment that it needs.";
}
