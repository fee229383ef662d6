import type { Knex } from "knex";
import type { BackupOptions, HostBackupDriver } from "./backup.js";
import { parseAdminOptions } from "./check-admin-options.js";
import { parseNotifications } from "./check-notifications.js";
import { parseHostChecks } from "./check-host-checks.js";
import { type OptionProblem, UpgateError } from "./errors.js";
import { BUNDLED_LANGUAGES, languageProblem, type TextOverrides, textsProblem } from "./languages.js";
import { Checker, isPromise } from "./option-checker.js";
import type {
  BrandingOptions,
  Database,
  MigrationSource,
  ParsedBackupOptions,
  ParsedOptions,
  ProbeOptions,
  UpgateOptions,
  VersionRowOptions,
} from "./options.js";
import type { Logger } from "./ports.js";
import { codeVersionProblem } from "./version.js";

const TOP_LEVEL = [
  "version",
  "database",
  "migrations",
  "knexMigrations",
  "detectVersion",
  "license",
  "releaseNotes",
  "release",
  "publicKey",
  "integrity",
  "templates",
  "feed",
  "installPath",
  "basePath",
  "installKey",
  "authorize",
  "installDir",
  "dataDir",
  "versionRow",
  "mode",
  "resume",
  "backup",
  "patches",
  "restart",
  "probes",
  "branding",
  "views",
  "languages",
  "texts",
  "pollMs",
  "nodeTtlMs",
  "leaseTtlMs",
  "drainTimeoutMs",
  "drain",
  "onDatabaseLoss",
  "mixedNodes",
  "notifications",
  "checks",
  "logger",
  "configFile",
] as const satisfies readonly (keyof UpgateOptions)[];
const VERSION_ROW = ["table", "keyColumn", "key", "valueColumn", "parse"] as const satisfies readonly (keyof VersionRowOptions)[];
const BACKUP = [
  "driver",
  "tool",
  "keep",
  "maxAgeDays",
  "staleAfterDays",
  "scratchDatabase",
  "proof",
] as const satisfies readonly (keyof BackupOptions)[];
const PROBES = ["live", "ready", "open"] as const satisfies readonly (keyof ProbeOptions)[];
const BRANDING = [
  "name",
  "logoUrl",
  "accentColor",
  "supportUrl",
  "adminUrl",
  "healthUrl",
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
    ...parseAdminOptions(root),
    installPath: root.urlPath("installPath", "/install"),
    basePath: root.urlPath("basePath", ""),
    installKey,
    authorize: (root.check("authorize", functionProblem) as UpgateOptions["authorize"]) ?? null,
    installDir: root.path("installDir", false),
    dataDir: root.path("dataDir", false) ?? "./data",
    versionRow: parseVersionRow(root.child("versionRow")),
    mode: root.oneOf("mode", ["wizard", "auto"]),
    resume: root.oneOf("resume", ["ask", "auto"]),
    backup: parseBackup(root),
    patches: root.oneOf("patches", ["ask", "stamp"]),
    restart: root.oneOf("restart", ["ask", "exit"]),
    probes: root.input["probes"] === false ? false : parseProbes(root.child("probes")),
    branding: parseBranding(root.child("branding")),
    views: root.paths("views"),
    ...parseLanguages(root),
    pollMs,
    nodeTtlMs: root.integer("nodeTtlMs", 30_000, 3 * pollMs, 3_600_000),
    leaseTtlMs: root.integer("leaseTtlMs", 15_000, 1000, 3_600_000),
    drainTimeoutMs: root.integer("drainTimeoutMs", 10_000, 0, 3_600_000),
    drain: root.oneOf("drain", ["wait", "end", "abort"]),
    onDatabaseLoss: root.oneOf("onDatabaseLoss", ["close", "stay"]),
    mixedNodes: root.oneOf("mixedNodes", ["warn", "refuse"]),
    notifications: parseNotifications(root),
    checks: parseHostChecks(root),
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

const WHICH_BACKUP = ["own", "none"] as const;

function parseBackup(root: Checker): ParsedBackupOptions {
  const value = root.input["backup"];
  if (typeof value === "boolean" || typeof value === "number" || value === null || Array.isArray(value))
    root.problem("backup", `must be "own", "none" or an object, got ${JSON.stringify(value)}`);
  const isWord = typeof value !== "object" || value === null || Array.isArray(value);
  const automatic = typeof value !== "string" || root.oneOf("backup", WHICH_BACKUP) === "own";
  const backup = isWord ? new Checker("backup.", {}, root.problems) : root.child("backup");
  backup.known(BACKUP);
  const driver = backup.check("driver", backupDriverProblem) as HostBackupDriver | undefined;
  if (driver !== undefined && backup.input["tool"] !== undefined)
    backup.problem("tool", "has no meaning beside backup.driver; leave one of them out");
  const scratchDatabase = backup.optionalString("scratchDatabase") ?? null;
  if (scratchDatabase !== null && !/^[\w$-]{1,64}$/.test(scratchDatabase))
    backup.problem(
      "scratchDatabase",
      `must be a database's name, up to 64 letters, digits, _ or -, got ${JSON.stringify(scratchDatabase)}`,
    );
  return {
    automatic,
    driver: driver ?? null,
    tool: backup.oneOf("tool", ["dump", "mydumper"]),
    keep: backup.integer("keep", 5, 1, 1000, ""),
    maxAgeDays: backup.integer("maxAgeDays", 90, 1, 3650, " of days"),
    staleAfterDays: backup.integer("staleAfterDays", 30, 0, 3650, " of days"),
    scratchDatabase,
    proof: backup.oneOf("proof", ["restore", "read"]),
  };
}

function backupDriverProblem(value: unknown): string | null {
  if (value === undefined) return null;
  const { name, create, verify, restore } = (typeof value === "object" && value !== null ? value : {}) as Partial<HostBackupDriver>;
  if (typeof name !== "string" || !/^[\w-]{1,40}$/.test(name)) return "must have a name of 1 to 40 letters, digits, - or _";
  if (typeof create !== "function") return "must have a function create";
  const others = Object.entries({ verify, restore }).filter(([, one]) => one !== undefined && typeof one !== "function");
  return others.length === 0 ? null : `must have functions, where it has them: ${others.map(([one]) => one).join(", ")}`;
}

function parseProbes(probes: Checker): ProbeOptions {
  probes.known(PROBES);
  return {
    live: probes.urlPath("live", "/healthz/live"),
    ready: probes.urlPath("ready", "/healthz/ready"),
    open: probes.urlPath("open", "/healthz/open"),
  };
}

function parseLanguages(root: Checker): Pick<ParsedOptions, "languages" | "texts"> {
  const texts = (root.check("texts", textsProblem) as TextOverrides | undefined) ?? {};
  const given = root.input["languages"];
  if (given === undefined) return { languages: [...new Set([...BUNDLED_LANGUAGES, ...Object.keys(texts)])], texts };
  if (!Array.isArray(given) || given.length === 0) {
    root.problem("languages", 'must be a list of at least one language, such as ["en", "de"]');
    return { languages: [...BUNDLED_LANGUAGES], texts };
  }
  given.forEach((tag: unknown, index) => {
    const problem = languageProblem(tag, texts);
    if (problem !== null) root.problem(`languages[${index}]`, problem);
  });
  return { languages: [...new Set(given as string[])], texts };
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
