import type { Knex } from "knex";
import type { FeedOptions, ParsedFeedOptions, ParsedTemplateOptions, TemplateOptions } from "./admin-options.js";
import type { BackupOptions, BackupTool, HostBackupDriver } from "./backup.js";
import type { TextOverrides } from "./languages.js";
import type { NotificationOptions, ParsedNotifications } from "./notification.js";
import type { HostCheck } from "./host-check.js";
import type { Logger } from "./ports.js";

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
  /** PEM (SPKI) of the Ed25519 key that signs manifest and feed; several while the vendor changes keys. Default: signatures are not asked for. */
  publicKey?: string | string[];
  /**
   * What follows when the files are not as the manifest says: `refuse`: the site stays closed (`altered`); `warn`: System Health and the
   * review page say so; `off`: they are not compared. Default `refuse`.
   */
  integrity?: "refuse" | "warn" | "off";
  /** Where the stock templates lie and the operator's own, for the review after an upgrade. */
  templates?: TemplateOptions;
  /** The vendor's list of releases. Default: nobody is asked. */
  feed?: FeedOptions;
  /** Where the installer is mounted, as the browser sees it below `basePath`. Default `/install`. */
  installPath?: string;
  /** Prefix of the whole application, as the browser sees it. Default empty. */
  basePath?: string;
  /** Secret that opens the wizard, at least 16 characters. Default: `UPGATE_INSTALL_KEY`, else generated. */
  installKey?: string | undefined;
  /**
   * Asked before the wizard answers anything, in addition to the install key. Anything but `true` within 5 s, and the wizard answers as if it
   * did not exist. `req`: of Express, or of node:http.
   */
  authorize?(req: InstallerRequest): boolean | Promise<boolean>;
  /** The vendor's own install folder, inside the application's: the done page removes it, and System Health warns while it is there. */
  installDir?: string | URL;
  /** Folder for the generated install key, the runner's logs, backups and reports. Default `./data`. */
  dataDir?: string | URL;
  /** The row that holds the installed version. */
  versionRow?: Partial<VersionRowOptions>;
  /** `auto`: a node upgrades (or installs) by itself when it finds the database behind. Default `wizard`. */
  mode?: "wizard" | "auto";
  /** `auto`: a node goes on with an interrupted run of its release by itself, three times at most. Default `ask`. */
  resume?: "ask" | "auto";
  /**
   * How upgate makes backups, or `own`: as it does by default. `none`: `mode: "auto"` upgrades without one; elsewhere the operator may
   * still have one made.
   */
  backup?: "own" | "none" | BackupOptions;
  /** `stamp`: a release without pending migrations writes its version down by itself, and its nodes never close. Default `ask`. */
  patches?: "ask" | "stamp";
  /** `exit`: a process in the state `restart` ends itself with exit code 75, so that its manager starts the new files. Default `ask`. */
  restart?: "ask" | "exit";
  /** Served by the guard itself; `false` turns them off. */
  probes?: Partial<ProbeOptions> | false;
  branding?: BrandingOptions;
  /** Folders looked in before the package's own views. */
  views?: (string | URL)[];
  /**
   * The languages that the pages offer, BCP 47; the first is for everybody who asks for none of them. Default: all that come with the
   * package, English first.
   */
  languages?: string[];
  /** Texts that go before the package's own, by language: `{ de: { "Continue": "Weiter geht's" } }`. */
  texts?: TextOverrides;
  /** How often every node reads the state, ms. 100 to 60,000; default 1,000. */
  pollMs?: number;
  /** A node that can't read for this long closes by itself, ms. At least 3 × pollMs; default 30,000. */
  nodeTtlMs?: number;
  /** A holder whose beat stands still for this long has lost the lease, ms. At least 1,000; default 15,000. */
  leaseTtlMs?: number;
  /** How long an upgrade waits for requests that were let in, before the operator is asked what to do about them, ms. Default 10,000. */
  drainTimeoutMs?: number;
  /** What an upgrade without a wizard does then: goes on waiting, ends them, or gives up before it has changed anything. Default `wait`. */
  drain?: "wait" | "end" | "abort";
  /** `stay`: a single node that was open stays so while it can't reach the database. Never with several nodes. Default `close`. */
  onDatabaseLoss?: "close" | "stay";
  /** `refuse`: no upgrade starts while a live node has files of another release than the ones that start it. Default `warn`. */
  mixedNodes?: "warn" | "refuse";
  /** Who is told when an upgrade finishes, fails or is interrupted. Default: nobody. */
  notifications?: NotificationOptions;
  /** Checks of the vendor's own, beside upgate's. */
  checks?: readonly HostCheck[];
  /** Default: console. */
  logger?: Logger;
  /** The file that this configuration comes from: the upgrade's own process reads it. Default: the file that `defineConfig` was called in. */
  configFile?: string | URL;
}

/** What `authorize` is sure to find in a request; with Express it gets Express's own. */
export interface InstallerRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
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
  /** Where the host has mounted System Health, as the browser sees it: the done page leads to its template review. Default: none, the done page has no link. */
  healthUrl?: string;
  /** A sentence of the vendor's on the maintenance page, plain text, up to 500 characters. */
  maintenanceMessage?: string;
}

/** `automatic` false: `mode: "auto"` does without. */
export interface ParsedBackupOptions {
  readonly automatic: boolean;
  readonly driver: HostBackupDriver | null;
  readonly tool: BackupTool;
  readonly keep: number;
  readonly maxAgeDays: number;
  readonly staleAfterDays: number;
  readonly scratchDatabase: string | null;
  readonly proof: "restore" | "read";
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
  readonly publicKeys: readonly string[];
  readonly integrity: "refuse" | "warn" | "off";
  readonly templates: ParsedTemplateOptions | null;
  readonly feed: ParsedFeedOptions | null;
  readonly installPath: string;
  readonly basePath: string;
  readonly installKey: string | null;
  readonly authorize: NonNullable<UpgateOptions["authorize"]> | null;
  readonly installDir: string | URL | null;
  readonly dataDir: string | URL;
  readonly versionRow: Readonly<VersionRowOptions>;
  readonly mode: "wizard" | "auto";
  readonly resume: "ask" | "auto";
  readonly backup: ParsedBackupOptions;
  readonly patches: "ask" | "stamp";
  readonly restart: "ask" | "exit";
  readonly probes: Readonly<ProbeOptions> | false;
  readonly branding: Readonly<BrandingOptions>;
  readonly views: readonly (string | URL)[];
  readonly languages: readonly string[];
  readonly texts: TextOverrides;
  readonly pollMs: number;
  readonly nodeTtlMs: number;
  readonly leaseTtlMs: number;
  readonly drainTimeoutMs: number;
  readonly drain: "wait" | "end" | "abort";
  readonly onDatabaseLoss: "close" | "stay";
  readonly mixedNodes: "warn" | "refuse";
  readonly notifications: ParsedNotifications | null;
  readonly checks: readonly HostCheck[];
  readonly logger: Logger;
  readonly configFile: string | URL | null;
}
