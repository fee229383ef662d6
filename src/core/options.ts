import type { Knex } from "knex";
import type { Logger } from "./ports.js";
import { type OptionProblem, UpgateError } from "./errors.js";
import { codeVersionProblem } from "./version.js";
import { Checker, isPromise } from "./option-checker.js";

/** What `createUpgate` and `defineConfig` take. docs/configuration.md lists each option with unit, bound and default. */
export interface UpgateOptions {
  /** Code version: semver without build metadata, e.g. `8.6.1` or `8.6.1-release.1`. */
  version: string;
  /** The application's database; with two accounts, `admin` is the one that may change the schema. */
  database: Database | DatabaseAccounts;
  /** Folder of the migrations: path (relative to the configuration file) or file URL; or a source of knex's own interface. */
  migrations: string | URL | MigrationSource;
  /**
   * Name of the table in which knex's own migrator has kept its history, `table` or `database.table`. Taken over by the first
   * run. Default: `migrations.tableName` of the knex configuration, else `knex_migrations`.
   */
  knexMigrations?: string;
  /**
   * Tells which release a database without a version row is at: semver, or null when it can't be told. Asked by a node that
   * finds such a database; `knex` is closed afterwards.
   */
  detectVersion?: (knex: Knex) => Promise<string | null> | string | null;
  /** Markdown file; without it the wizard has no licence step. */
  license?: string | URL;
  /** Markdown file, or an https address to link to. */
  releaseNotes?: string | URL;
  /** The release's manifest, `release.json`. */
  release?: string | URL;
  /** Where the installer is mounted, as the browser sees it below `basePath`. Default `/install`. */
  installPath?: string;
  /** Prefix of the whole application, as the browser sees it. Default empty. */
  basePath?: string;
  /** Secret that opens the wizard, at least 16 characters. Default: `UPGATE_INSTALL_KEY`, else generated. */
  installKey?: string | undefined;
  /** Folder for the generated install key, the runner's logs, backups and reports. Default `./data`. */
  dataDir?: string | URL;
  /** The row that holds the installed version. */
  versionRow?: Partial<VersionRowOptions>;
  /** `auto`: a node upgrades (or installs) by itself when it finds the database behind. Default `wizard`. */
  mode?: "wizard" | "auto";
  /** `none`: `mode: "auto"` may upgrade without a backup. Default `own`: one that upgate makes itself, where it can. */
  backup?: "own" | "none";
  /** `stamp`: a release without pending migrations writes its version down by itself, without an outage. Default `ask`. */
  patches?: "ask" | "stamp";
  /** `exit`: a process whose files were replaced ends itself with exit code 75, so that its manager starts the new ones. Default `ask`. */
  restart?: "ask" | "exit";
  /** Served by the guard itself; `false` turns them off. */
  probes?: Partial<ProbeOptions> | false;
  branding?: BrandingOptions;
  /** Folders looked in before the package's own views. */
  views?: (string | URL)[];
  /** How often every node reads the state, ms. 100 to 60,000; default 1,000. */
  pollMs?: number;
  /** A node that can't read for this long closes by itself, ms. At least 3 × pollMs; default 30,000. */
  nodeTtlMs?: number;
  /** A holder whose beat stands still for this long has lost the lease, ms. At least 1,000; default 15,000. */
  leaseTtlMs?: number;
  /** Default: console. */
  logger?: Logger;
  /** The file that this configuration comes from: the upgrade's own process reads it. Default: the file that `defineConfig` was called in. */
  configFile?: string | URL;
}

/** `mysql://…`, `sqlite:./data/app.db`, a knex configuration, or a knex instance. */
export type Database = string | Knex.Config | Knex;

export interface DatabaseAccounts {
  /** Reads and writes rows: what the application itself uses. */
  readonly app: Database;
  /** May create, alter and drop tables: migrations and upgate's own tables. */
  readonly admin: Database;
}

/** knex's interface; what `getMigrations` gives is handed back to the other two. */
// oxlint-disable-next-line typescript/no-explicit-any -- as knex's own types have it
export type MigrationSource = Knex.MigrationSource<any>;

export interface VersionRowOptions {
  /** Default `tbl_config`. */
  table: string;
  /** Default `setting`. */
  keyColumn: string;
  /** Default `version`. */
  key: string;
  /** Default `value`. */
  valueColumn: string;
  /** Turns the row's text into semver, for rows such as "8.6". Returning null: no version. */
  parse?: (text: string) => string | null;
}

export interface ProbeOptions {
  /** 200 while the process lives. Default `/healthz/live`. */
  live: string;
  /** 200 when application, page or wizard can be served. Default `/healthz/ready`. */
  ready: string;
  /** 200 only while the gate is open. Default `/healthz/open`. */
  open: string;
}

export interface BrandingOptions {
  /** The product's name. Default: none; the pages speak of "this site". */
  name?: string;
  /** Address of a logo for the wizard, same origin or `data:`. */
  logoUrl?: string;
  /** CSS hex colour, `#rgb` or `#rrggbb`. */
  accentColor?: string;
  supportUrl?: string;
  /** Where the done page leads. Default `/admin`. */
  adminUrl?: string;
  /** A sentence of the vendor's on the maintenance page, plain text, up to 500 characters. */
  maintenanceMessage?: string;
}

/** The options after parsing: every member present, every value checked. Paths are as given. */
export interface ParsedOptions {
  readonly version: string;
  readonly database: { readonly app: Database; readonly admin: Database | null };
  readonly migrations: string | URL | MigrationSource;
  readonly knexMigrations: string | null;
  readonly detectVersion: ((knex: Knex) => Promise<string | null> | string | null) | null;
  readonly license: string | URL | null;
  readonly releaseNotes: string | URL | null;
  readonly release: string | URL | null;
  readonly installPath: string;
  readonly basePath: string;
  readonly installKey: string | null;
  readonly dataDir: string | URL;
  readonly versionRow: Readonly<VersionRowOptions>;
  readonly mode: "wizard" | "auto";
  readonly backup: "own" | "none";
  readonly patches: "ask" | "stamp";
  readonly restart: "ask" | "exit";
  readonly probes: Readonly<ProbeOptions> | false;
  readonly branding: Readonly<BrandingOptions>;
  readonly views: readonly (string | URL)[];
  readonly pollMs: number;
  readonly nodeTtlMs: number;
  readonly leaseTtlMs: number;
  readonly logger: Logger;
  readonly configFile: string | URL | null;
}

const TOP_LEVEL = [
  "version",
  "database",
  "migrations",
  "knexMigrations",
  "detectVersion",
  "license",
  "releaseNotes",
  "release",
  "installPath",
  "basePath",
  "installKey",
  "dataDir",
  "versionRow",
  "mode",
  "backup",
  "patches",
  "restart",
  "probes",
  "branding",
  "views",
  "pollMs",
  "nodeTtlMs",
  "leaseTtlMs",
  "logger",
  "configFile",
] as const satisfies readonly (keyof UpgateOptions)[];
const VERSION_ROW = ["table", "keyColumn", "key", "valueColumn", "parse"] as const satisfies readonly (keyof VersionRowOptions)[];
const PROBES = ["live", "ready", "open"] as const satisfies readonly (keyof ProbeOptions)[];
const BRANDING = [
  "name",
  "logoUrl",
  "accentColor",
  "supportUrl",
  "adminUrl",
  "maintenanceMessage",
] as const satisfies readonly (keyof BrandingOptions)[];

/** An install key shorter than this could be guessed. */
export const MIN_INSTALL_KEY_LENGTH = 16;

/** Untrusted options to parsed ones, with every problem found; the value is meaningful only when there is none. */
export function checkOptions(
  input: unknown,
  env: Readonly<Record<string, string | undefined>>,
): { value: ParsedOptions; problems: OptionProblem[] } {
  if (typeof input !== "object" || input === null) {
    return { value: {} as ParsedOptions, problems: [{ path: "options", message: "must be an object; see defineConfig()" }] };
  }
  if (isPromise(input))
    return { value: {} as ParsedOptions, problems: [{ path: "options", message: "is a promise: await it before you hand it over" }] };
  const root = new Checker("", input as Record<string, unknown>);
  root.known(TOP_LEVEL);
  const version = root.check("version", codeVersionProblem) as string;
  const installKey = root.optionalString("installKey") ?? (env["UPGATE_INSTALL_KEY"] || null);
  if (installKey !== null && installKey.length < MIN_INSTALL_KEY_LENGTH)
    root.problem("installKey", `must have at least ${MIN_INSTALL_KEY_LENGTH} characters, got ${installKey.length}`);
  const pollMs = root.integer("pollMs", 1000, 100, 60_000);
  const value: ParsedOptions = {
    version,
    database: parseDatabase(root),
    migrations: parseMigrations(root),
    knexMigrations: root.identifier("knexMigrations", "") || null,
    detectVersion: (root.check("detectVersion", functionProblem) as ParsedOptions["detectVersion"] | undefined) ?? null,
    license: root.path("license", false),
    releaseNotes: root.path("releaseNotes", false, true),
    release: root.path("release", false),
    installPath: root.urlPath("installPath", "/install"),
    basePath: root.urlPath("basePath", ""),
    installKey,
    dataDir: root.path("dataDir", false) ?? "./data",
    versionRow: parseVersionRow(root.child("versionRow")),
    mode: root.oneOf("mode", ["wizard", "auto"]),
    backup: root.oneOf("backup", ["own", "none"]),
    patches: root.oneOf("patches", ["ask", "stamp"]),
    restart: root.oneOf("restart", ["ask", "exit"]),
    probes: root.input["probes"] === false ? false : parseProbes(root.child("probes")),
    branding: parseBranding(root.child("branding")),
    views: root.paths("views"),
    pollMs,
    nodeTtlMs: root.integer("nodeTtlMs", 30_000, 3 * pollMs, 3_600_000),
    leaseTtlMs: root.integer("leaseTtlMs", 15_000, 1000, 3_600_000),
    logger: (root.check("logger", loggerProblem) as Logger | undefined) ?? console,
    configFile: root.path("configFile", false),
  };
  return { value, problems: root.problems };
}

/** Throws `ERR_UPGATE_OPTIONS` with all problems when there are any. */
export function refuseProblems(problems: readonly OptionProblem[]): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
  throw new UpgateError(
    "ERR_UPGATE_OPTIONS",
    `upgate's options have ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n${lines.join("\n")}`,
    { problems },
  );
}

function parseVersionRow(row: Checker): VersionRowOptions {
  row.known(VERSION_ROW);
  const parse = row.check("parse", functionProblem);
  return {
    table: row.identifier("table", "tbl_config"),
    keyColumn: row.identifier("keyColumn", "setting"),
    key: row.optionalString("key") ?? "version",
    valueColumn: row.identifier("valueColumn", "value"),
    ...(parse ? { parse: parse as (text: string) => string | null } : {}),
  };
}

function parseProbes(probes: Checker): ProbeOptions {
  probes.known(PROBES);
  return {
    live: probes.urlPath("live", "/healthz/live"),
    ready: probes.urlPath("ready", "/healthz/ready"),
    open: probes.urlPath("open", "/healthz/open"),
  };
}

function parseBranding(branding: Checker): BrandingOptions {
  branding.known(BRANDING);
  const colour = branding.optionalString("accentColor");
  if (colour !== undefined && !/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(colour))
    branding.problem("accentColor", 'must be a hex colour such as "#2454c7"');
  const message = branding.optionalString("maintenanceMessage");
  if (message !== undefined && message.length > 500)
    branding.problem("maintenanceMessage", `must have at most 500 characters, got ${message.length}`);
  const entries = BRANDING.map((name) => [name, branding.optionalString(name)] as const).filter(([, text]) => text !== undefined);
  return { adminUrl: "/admin", ...(Object.fromEntries(entries) as BrandingOptions) };
}

const ACCOUNTS = ["app", "admin"] as const;

function parseDatabase(root: Checker): ParsedOptions["database"] {
  const value = root.input["database"];
  const isPair = typeof value === "object" && value !== null && !("client" in value) && ACCOUNTS.some((name) => name in value);
  if (!isPair) return { app: root.check("database", databaseProblem) as Database, admin: null };
  const pair = root.child("database");
  pair.known(ACCOUNTS);
  const [app, admin] = ACCOUNTS.map((name) => pair.check(name, databaseProblem) as Database);
  return { app: app as Database, admin: admin as Database };
}

const SOURCE_FUNCTIONS = ["getMigrations", "getMigrationName", "getMigration"] as const;

function parseMigrations(root: Checker): ParsedOptions["migrations"] {
  const value = root.input["migrations"];
  if (typeof value !== "object" || value === null || value instanceof URL) return root.path("migrations", true) as string | URL;
  const missing = SOURCE_FUNCTIONS.filter((name) => typeof (value as Record<string, unknown>)[name] !== "function");
  if (missing.length > 0)
    root.problem("migrations", `must be a path, a file URL, or knex's MigrationSource; it lacks ${missing.join(", ")}`);
  return value as MigrationSource;
}

function functionProblem(value: unknown): string | null {
  return value === undefined || typeof value === "function" ? null : "must be a function";
}

function databaseProblem(value: unknown): string | null {
  if (typeof value === "string") {
    return /^(?:mysql|mariadb):\/\/[^/]+\/[^/?]+/.test(value) || /^sqlite:(?!:memory:)./.test(value)
      ? null
      : 'must look like "mysql://user:password@host:3306/database" or "sqlite:./data/app.db"';
  }
  if (typeof value === "function" && "client" in value && "raw" in value) return memoryProblem((value as unknown as Knex).client.config);
  if (typeof value === "object" && value !== null && "client" in value) return memoryProblem(value as Knex.Config);
  return value === undefined ? "is required" : "must be an address, a knex configuration, or a knex instance";
}

/** A database in memory lives in one connection: neither the upgrade's own process nor a second connection would see it. */
function memoryProblem({ connection }: Knex.Config): string | null {
  const { filename } = (connection ?? {}) as { filename?: unknown };
  return filename === ":memory:" ? "must be a file: SQLite's :memory: can't be upgraded from a connection of its own" : null;
}

function loggerProblem(value: unknown): string | null {
  if (value === undefined) return null;
  const missing = ["info", "warn", "error"].filter((name) => typeof (value as Record<string, unknown> | null)?.[name] !== "function");
  return missing.length === 0 ? null : `must have the functions info, warn and error; missing: ${missing.join(", ")}`;
}
