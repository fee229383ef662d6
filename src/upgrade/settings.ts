import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { configFileOf } from "../core/config-file.js";
import { messageOf, isUpgateError, type OptionProblem } from "../core/errors.js";
import { checkOptions, refuseProblems } from "../core/check-options.js";
import type { ParsedOptions } from "../core/options.js";
import type { MigrationSet } from "../release/migration-set.js";
import { migrationSource } from "../release/migration-source.js";
import { listMigrations, migrationFolder } from "../release/migrations.js";
import { Release } from "../release/release.js";
import { publicKeyProblem } from "../release/signature.js";
import { databaseName, type DatabaseSource, databaseSource } from "../store/connect.js";
import { installDirProblem } from "./install-dir.js";

/** Everything that follows from the options: checked, with absolute paths. */
export interface Settings {
  readonly options: ParsedOptions;
  readonly database: DatabaseSource;
  readonly release: Release;
  /** The table of knex's own migrator, `table` or `database.table`. */
  readonly knexTable: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly views: readonly string[];
  /** Absolute: the folder of the configuration file, else the working directory. */
  readonly root: string;
  /** Absolute paths of the option `templates`; null without it. */
  readonly templates: TemplatePaths | null;
  /** The vendor's install folder, absolute; null: there is none. */
  readonly installDir: string | null;
  /** What the application needs, absolute: it is never removed. */
  readonly keptPaths: readonly string[];
  /** Null: there is no file, so upgrades run inside this process. */
  readonly configFile: string | null;
}

/** Folders that need not exist, but for `stock`. */
export interface TemplatePaths {
  readonly stock: string;
  readonly custom: readonly string[];
  readonly archive: string | null;
}

/** Checks the options and the files they name. Throws `ERR_UPGATE_OPTIONS` with all problems at once; writes nothing. */
export function resolveSettings(input: unknown): Settings {
  const { value: options, problems } = checkOptions(input, process.env);
  const remembered = typeof input === "object" && input !== null ? configFileOf(input) : null;
  const given = options.configFile ?? remembered;
  const configFile = given === null || given === undefined ? null : toPath(given, process.cwd());
  const root = configFile === null ? process.cwd() : path.dirname(configFile);
  const found = [...problems, ...fileProblems(options, root, configFile)];
  const database =
    options.database === undefined || found.some((problem) => /^database\b/.test(problem.path))
      ? null
      : resolveDatabase(options, root, found);
  const at = (file: string | URL | null | undefined): string | null => (file === null || file === undefined ? null : toPath(file, root));
  const installDir = at(options.installDir);
  const keptPaths = keptPathsOf(options, database, { root, configFile });
  const problem = installDir === null ? null : installDirProblem(installDir, { root, cwd: process.cwd(), kept: keptPaths });
  if (problem !== null) found.push({ path: "installDir", message: problem });
  refuseProblems(found);
  return {
    options,
    database: database as DatabaseSource,
    release: new Release(
      {
        codeVersion: options.version,
        migrations: isFolder(options.migrations) ? toPath(options.migrations, root) : null,
        license: at(options.license),
        releaseNotes: isWeb(options.releaseNotes) ? String(options.releaseNotes) : at(options.releaseNotes),
        manifest: at(options.release),
      },
      migrationSet(options, root),
    ),
    knexTable: options.knexMigrations ?? knexTableOf(database),
    dataDir: toPath(options.dataDir, root),
    views: options.views.map((folder) => toPath(folder, root)),
    root,
    templates: templatePaths(options, root),
    installDir,
    keptPaths,
    configFile,
  };
}

export function templatePaths({ templates }: ParsedOptions, root: string): TemplatePaths | null {
  if (templates === null) return null;
  const { stock, custom, archive } = templates;
  return {
    stock: toPath(stock, root),
    custom: custom.map((folder) => toPath(folder, root)),
    archive: archive === null ? null : toPath(archive, root),
  };
}

/** The options may have problems still. */
function keptPathsOf(
  options: ParsedOptions,
  database: DatabaseSource | null,
  { root, configFile }: { readonly root: string; readonly configFile: string | null },
): string[] {
  const { filename } = (database?.config.connection ?? {}) as { readonly filename?: unknown };
  const files = [options.license, options.releaseNotes, options.release, options.dataDir, ...(options.views ?? [])];
  const { templates } = options;
  const themes = templates ? [templates.stock, templates.archive, ...templates.custom] : [];
  const named = [...files, ...themes, isFolder(options.migrations) ? options.migrations : null].filter(
    (file) => file !== null && file !== undefined,
  );
  return [
    path.join(root, "node_modules"),
    ...named.filter((file) => !isWeb(file)).map((file) => toPath(file, root)),
    ...(configFile === null ? [] : [configFile]),
    ...(typeof filename === "string" ? [path.resolve(root, filename)] : []),
  ];
}

function fileProblems(options: ParsedOptions, root: string, configFile: string | null): OptionProblem[] {
  const missing = (name: string, file: string | URL | null | undefined): OptionProblem[] => {
    if (file === null || file === undefined || isWeb(file)) return [];
    const resolved = toPath(file, root);
    return existsSync(resolved) ? [] : [{ path: name, message: `the file ${resolved} does not exist` }];
  };
  return [
    ...(isFolder(options.migrations) ? listMigrations(toPath(options.migrations, root), options.version).problems : []),
    ...missing("license", options.license),
    ...missing("releaseNotes", options.releaseNotes),
    ...missing("release", options.release),
    ...missing("configFile", configFile),
    ...missing("templates.stock", options.templates?.stock),
    ...missing("templates.archive", options.templates?.archive),
    ...themeProblems(options, root),
    ...keyProblems(options.publicKeys ?? []),
    ...(options.views ?? []).flatMap((folder, index) => missing(`views[${index}]`, folder)),
  ];
}

function themeProblems({ templates }: ParsedOptions, root: string): OptionProblem[] {
  if (!templates || !templates.custom.some((folder) => toPath(folder, root) === toPath(templates.stock, root))) return [];
  return [
    { path: "templates.custom", message: "must be another folder than templates.stock: what lies there overrides the stock templates" },
  ];
}

function keyProblems(publicKeys: readonly string[]): OptionProblem[] {
  return publicKeys.flatMap((key) => {
    const message = publicKeyProblem(key);
    return message === null ? [] : [{ path: "publicKey", message }];
  });
}

export function isFolder(migrations: ParsedOptions["migrations"] | null | undefined): migrations is string | URL {
  return typeof migrations === "string" || migrations instanceof URL;
}

function migrationSet({ migrations, version }: ParsedOptions, root: string): MigrationSet {
  return isFolder(migrations) ? migrationFolder(toPath(migrations, root), version) : migrationSource(migrations, version);
}

function resolveDatabase(options: ParsedOptions, root: string, problems: OptionProblem[]): DatabaseSource | null {
  const { app, admin } = options.database;
  try {
    const source = databaseSource(app, root);
    if (admin === null) return source;
    const other = databaseSource(admin, root);
    if (other.dialect !== source.dialect)
      problems.push({ path: "database.admin", message: `must be ${source.dialect}, as database.app is` });
    const [own, others] = [databaseName(source), databaseName(other)];
    if (own !== null && others !== null && own !== others)
      problems.push({ path: "database.admin", message: `must be another account of the same database: ${own}, got ${others}` });
    return { ...source, admin: other };
  } catch (error) {
    if (isUpgateError(error) && error.code !== "ERR_UPGATE_OPTIONS") throw error;
    problems.push({ path: "database", message: messageOf(error) });
    return null;
  }
}

function knexTableOf(database: DatabaseSource | null): string {
  const { tableName = "knex_migrations", schemaName } = database?.config.migrations ?? {};
  return schemaName === undefined ? tableName : `${schemaName}.${tableName}`;
}

function isWeb(file: string | URL | null): boolean {
  return file !== null && /^https?:/.test(String(file));
}

export function toPath(file: string | URL, root: string): string {
  return file instanceof URL || file.startsWith("file:") ? fileURLToPath(file) : path.resolve(root, file);
}
