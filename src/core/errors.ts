/**
 * The catalogue: every error that upgate throws, by its stable code. `title` is the section's heading in
 * docs/errors.md; `remedy` is what the operator or the vendor does about it. A test keeps docs and catalogue in step.
 */
export const ERRORS = {
  ERR_UPGATE_OPTIONS: {
    title: "The options are not valid",
    remedy: "Correct every option named in the message; docs/configuration.md lists them all.",
  },
  ERR_UPGATE_CONFIG_FILE: {
    title: "The configuration file can't be used",
    remedy: "Make the file's default export the object that defineConfig() returns.",
  },
  ERR_UPGATE_PROJECT: {
    title: "The project can't be set up",
    remedy: "Do what the message says in the application's folder, then run the command again.",
  },
  ERR_UPGATE_UNCONFIRMED: {
    title: "A question could not be asked",
    remedy: "Run the command on a terminal, or say --yes.",
  },
  ERR_UPGATE_DRIVER_MISSING: {
    title: "No database driver is installed",
    remedy: "Install the package named in the message with npm.",
  },
  ERR_UPGATE_KNEX: {
    title: "The installed knex does not fit",
    remedy: "Install knex 3 with npm.",
  },
  ERR_UPGATE_DATABASE: {
    title: "The database can't be reached or read",
    remedy: "Check that the database server runs and that the address, user and password are right.",
  },
  ERR_UPGATE_DETECT_VERSION: {
    title: "The vendor's detectVersion failed",
    remedy: "Correct the function, or write the release down with the command upgate baseline.",
  },
  ERR_UPGATE_LEASE_HELD: {
    title: "Another process is upgrading already",
    remedy: "Wait until it has finished; its progress can be followed at /install.",
  },
  ERR_UPGATE_LEASE_LOST: {
    title: "Another process has taken over the upgrade",
    remedy: "Nothing to do here: follow the upgrade at /install.",
  },
  ERR_UPGATE_STATE: {
    title: "This can't be done in the present state",
    remedy: "Open /install: it shows the state and the next step.",
  },
  ERR_UPGATE_RUN_UNKNOWN: {
    title: "The run is not in this database",
    remedy: "Make sure that the application and the configuration file name the same database.",
  },
  ERR_UPGATE_RELEASE_CHANGED: {
    title: "The files changed while the upgrade was being started",
    remedy: "Wait until the upload has finished, restart the application, and start again.",
  },
  ERR_UPGATE_MIGRATION_INVALID: {
    title: "A migration file is not usable",
    remedy: "Make the file export a function named up.",
  },
  ERR_UPGATE_MIGRATION_FAILED: {
    title: "A migration failed",
    remedy: "Remove the cause named in the message, then press Retry, or upload a corrected release.",
  },
  ERR_UPGATE_IN_DOUBT: {
    title: "It can't be told whether a statement was carried out",
    remedy: "Look into the database, then say which it is: it was applied, or run it again. If you can't tell, restore the backup.",
  },
  ERR_UPGATE_DIVERGED: {
    title: "A migration took another path than the first time",
    remedy: "Upload the release's own files again; or restore the backup and upload a corrected release.",
  },
  ERR_UPGATE_STATEMENT_REFUSED: {
    title: "A migration sent a statement that can't be made safe",
    remedy: "The vendor writes the migration in another way; the message says what is wrong.",
  },
  ERR_UPGATE_MIGRATION_STEP: {
    title: "A migration uses ctx.step or ctx.backfill wrongly",
    remedy: "The vendor corrects the call named in the message.",
  },
  ERR_UPGATE_RUNNER_START: {
    title: "The upgrade process did not start",
    remedy: "Read its log, named in the message; correct the cause, then press Retry.",
  },
  ERR_UPGATE_PREFLIGHT: {
    title: "A check blocks the start",
    remedy: "Do what each check says, then start again.",
  },
  ERR_UPGATE_MIXED_NODES: {
    title: "Other processes have other files",
    remedy: "Upload the same files everywhere, restart the processes named in the message, then start the upgrade again.",
  },
  ERR_UPGATE_NODES_OPEN: {
    title: "Not every node has closed",
    remedy: "Stop or restart the nodes named in the message, then press Retry.",
  },
  ERR_UPGATE_DRAIN_ABORTED: {
    title: "The upgrade was given up while it waited for requests",
    remedy: "Nothing was changed. Start the upgrade again when fewer requests are under way, or end them then.",
  },
  ERR_UPGATE_GATE_CLOSED: {
    title: "The application may not use the database now",
    remedy: "Nothing to do: it opens by itself when the upgrade is over. Work outside requests waits with upgate.whenOpen().",
  },
  ERR_UPGATE_NO_BACKUP_DRIVER: {
    title: "There is no driver for this backup",
    remedy: "Restore it with the tool that made it, or set the options of the time when it was made.",
  },
  ERR_UPGATE_BACKUP_FAILED: {
    title: "The backup could not be made",
    remedy: "Remove the cause named in the message and try again; or make a backup yourself, then go on with “I Have a Backup”.",
  },
  ERR_UPGATE_TEMPLATE: {
    title: "A template can't be marked as reviewed",
    remedy: "Look at the list of templates again: with the command upgate templates, or on System Health.",
  },
  ERR_UPGATE_BACKUP_TOOL: {
    title: "A program for backups is missing or does not fit",
    remedy: "Install the package named in the message; or make a backup yourself, then go on with “I Have a Backup”.",
  },
  ERR_UPGATE_BACKUP_SPACE: {
    title: "There is not enough room for the backup",
    remedy: "Make room on the disk of the data folder, or name a folder on another disk with the option dataDir.",
  },
  ERR_UPGATE_BACKUP_DAMAGED: {
    title: "The backup is damaged or incomplete",
    remedy: "Don't rely on it: use another backup, or make a new one while the database is whole.",
  },
  ERR_UPGATE_BACKUP_UNKNOWN: {
    title: "There is no such backup",
    remedy: "The command upgate backup list shows what there is.",
  },
  ERR_UPGATE_SCRATCH_DATABASE: {
    title: "The scratch database can't be used",
    remedy: "Have an administrator make the empty database that the message names, and give the account all rights on it.",
  },
  ERR_UPGATE_REHEARSAL_FAILED: {
    title: "The rehearsal did not come to an end",
    remedy: "Nothing of the real database was changed. Begin it again.",
  },
  ERR_UPGATE_RESTORE_FAILED: {
    title: "The backup could not be restored",
    remedy: "The site stays closed. Remove the cause named in the message, then press Retry: what is restored already is kept.",
  },
  ERR_UPGATE_INSTALL_FOLDER: {
    title: "The install folder can't be removed",
    remedy: "Delete it by hand, with the program you upload files with.",
  },
  ERR_UPGATE_FEED: {
    title: "The list of releases could not be read",
    remedy: "Try again later: what is known stays known. If it goes on, tell your vendor.",
  },
  ERR_UPGATE_APPLICATION_START: {
    title: "The application did not start",
    remedy: "The cause is the application's own error; see the stack in the log.",
  },
  ERR_UPGATE_SEAL: {
    title: "The release can't be sealed",
    remedy: "Correct what the message names, then run upgate seal again.",
  },
  ERR_UPGATE_TEST_FAILED: {
    title: "The upgrade test failed",
    remedy: "Correct the migrations named in the message before the release goes out.",
  },
} as const satisfies Record<string, { title: string; remedy: string }>;

export type UpgateErrorCode = keyof typeof ERRORS;

export interface UpgateErrorOptions {
  readonly cause?: unknown;
  /** Replaces the catalogue's remedy where the place knows a better one. */
  readonly remedy?: string;
  readonly problems?: readonly OptionProblem[];
}

/** One problem of the options: where it is, and what is wrong there. */
export interface OptionProblem {
  /** Dotted path of the option, e.g. `versionRow.table`. */
  readonly path: string;
  readonly message: string;
}

/** Every error that upgate throws: a stable `code`, a message for a layman, a `remedy`, and the `cause` where there is one. */
export class UpgateError extends Error {
  readonly code: UpgateErrorCode;
  readonly remedy: string;
  /** Filled by `ERR_UPGATE_OPTIONS`, and by `ERR_UPGATE_MIGRATION_STEP` for a backfill's options: all problems at once. */
  readonly problems: readonly OptionProblem[];

  constructor(code: UpgateErrorCode, message: string, options: UpgateErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "UpgateError";
    this.code = code;
    this.remedy = options.remedy ?? ERRORS[code].remedy;
    this.problems = options.problems ?? [];
  }
}

export function isUpgateError(error: unknown, code?: UpgateErrorCode): error is UpgateError {
  return error instanceof UpgateError && (code === undefined || error.code === code);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the error itself advises; undefined for any other than `UpgateError`. */
export function remedyOf(error: unknown): string | undefined {
  return isUpgateError(error) ? error.remedy : undefined;
}
