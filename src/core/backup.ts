import type { Knex } from "knex";

/** How far a backup, its check or its restore has come. */
export interface BackupProgress {
  /** Of the data as it lies on the disk; only grows. */
  readonly bytes: number;
  /** What `bytes` will come to, at a guess; null where nobody can say. */
  readonly totalBytes: number | null;
  /** The table or view it is at; null where that is not known. */
  readonly table: string | null;
}

/** What every call of a driver gets besides its own. */
export interface BackupCall {
  /** Aborts: the driver ends what it has started, its programs too, and rejects. */
  readonly signal: AbortSignal;
  /** Called now and then, at most a few times a second. */
  readonly onProgress: (progress: BackupProgress) => void;
}

/** A table of the backup, or a view (`rows` null). */
export interface BackupTable {
  readonly name: string;
  /** Rows in the backup; null for a view, and where the tool does not tell. */
  readonly rows: number | null;
  /** How long its rows are in the dump, from their border on, bytes: a restore need not read them through again. Absent: not known. */
  readonly rowsBytes?: number;
}

/** One file of the backup, beside its manifest. */
export interface BackupFile {
  /** Below the backup's folder. */
  readonly name: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * How a backup was proven. `read`: every file was read to its end, matches its checksum, decompresses and holds the rows that the
 * manifest tells. `restored`: besides, it was restored into a scratch database, and there every table had these rows.
 */
export interface BackupProof {
  readonly how: "read" | "restored";
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly durationMs: number;
}

/** `manifest.json` of a backup, mode 0600. */
export interface BackupManifest {
  readonly format: 1;
  /** Sortable by time: `20261123T065000-9f2c4e1a`; the name of its folder, too. */
  readonly id: string;
  /** The installed version that the backup holds; null where there was no version row. */
  readonly version: string | null;
  /** ISO 8601, UTC: what was written later is not in it. */
  readonly takenAt: string;
  /** The run that it was taken for, with the site closed everywhere; null: while the site may have been open. */
  readonly runId: string | null;
  /** Without a password: `shop on 127.0.0.1:3306`. */
  readonly database: string;
  readonly dialect: "mysql" | "sqlite";
  /** `MariaDB 10.11.19`, `MySQL 9.7.0`, `SQLite 3.46.0`. */
  readonly server: string;
  /** The driver's name: `dump`, `mydumper`, `sqlite`, or that of the host's own. */
  readonly driver: string;
  /** `mariadb-dump 10.11.19, zstd`. */
  readonly tool: string;
  /** What the host's own driver has returned to find it again; null for the others. */
  readonly reference: string | null;
  /** Empty until the backup was read to its end, where its driver needs that to know. */
  readonly tables: readonly BackupTable[];
  /** Sum of `tables`; null where that is not known. */
  readonly rows: number | null;
  readonly files: readonly BackupFile[];
  /** Sum of the files. */
  readonly bytes: number;
  readonly durationMs: number;
  readonly proof: BackupProof | null;
}

/** What `create` returns. */
export interface CreatedBackup {
  /** The program, its version and the compression, for people. */
  readonly tool: string;
  /** Null: it shows when the backup is read to its end. */
  readonly tables: readonly BackupTable[] | null;
  /** The host's own driver: what it needs to find the backup again, at most 1,000 characters. */
  readonly reference?: string;
}

export interface CreateBackupCall extends BackupCall {
  /** An existing empty folder of its own, absolute, mode 0700: everything the backup consists of goes there. */
  readonly folder: string;
  /** Tables that must not be in it. */
  readonly exclude: readonly string[];
}

export interface ReadBackupCall extends BackupCall {
  readonly folder: string;
  readonly manifest: BackupManifest;
}

export interface RestoreBackupCall extends ReadBackupCall {
  /** The name of a scratch database (MySQL) or the path of a scratch file (SQLite); null: the database itself, in place. */
  readonly scratch: string | null;
  /** In place: tables of the database that the restore neither drops nor writes to, though the backup does not hold them. */
  readonly keep: readonly string[];
  /** In place: the tables to begin and to end with, where the backup has them. */
  readonly first: readonly string[];
  readonly last: readonly string[];
  /** The parts that an earlier attempt has finished: not done again. */
  readonly done: ReadonlySet<string>;
  /** Awaited before each part; a rejection ends the restore. */
  readonly beforePart: (part: string) => Promise<void>;
  /**
   * Awaited after each part: it is in the database for good. A driver that restores all in one transaction gives `trx`, and calls it
   * before the commit. `part`: stable from attempt to attempt, at most 255 characters.
   */
  readonly onPart: (part: string, trx: Knex | null) => Promise<void>;
}

/**
 * Makes, checks and restores backups of one database: the small port behind which the tools are. Rejections are `UpgradeError`s with a
 * code `ERR_UPGATE_BACKUP_…`; whatever else a driver throws is told as `ERR_UPGATE_BACKUP_FAILED`.
 */
export interface BackupDriver {
  readonly name: string;
  /** A consistent moment of the whole database, without keeping writers out. */
  create(call: CreateBackupCall): Promise<CreatedBackup>;
  /** Reads everything to its end. Resolves with the tables and rows that it holds; rejects when anything is amiss. */
  verify(call: ReadBackupCall): Promise<readonly BackupTable[]>;
  /** Brings the database to what the backup holds: its objects and no others, but for `keep`. Restartable at each part. */
  restore(call: RestoreBackupCall): Promise<void>;
}

/** A driver of the host's own, such as a snapshot of the cloud's: option `backup: { driver }`. */
export interface HostBackupDriver {
  /** For people and the manifest, 1 to 40 letters, digits, `-` or `_`. */
  readonly name: string;
  create(call: CreateBackupCall): Promise<{ readonly reference: string } & Partial<CreatedBackup>>;
  /** Default: it is taken at its word, and the backup counts as not proven. */
  verify?(call: ReadBackupCall & { readonly reference: string }): Promise<unknown>;
  /** Brings the database back as it was. Default: the operator is told to restore it by hand. */
  restore?(call: ReadBackupCall & { readonly reference: string }): Promise<unknown>;
}

/** `dump`: by the server's own program. `mydumper`: the rows by that program's threads, for large databases on machines of many cores. */
export type BackupTool = "dump" | "mydumper";

/** Option `backup`. */
export interface BackupOptions {
  /** Instead of upgate's own drivers. */
  driver?: HostBackupDriver;
  /** What makes backups of MySQL and MariaDB; every backup is restored by what made it. Default `dump`. */
  tool?: BackupTool;
  /** How many are kept, the newest ones; 1 to 1,000, default 5. */
  keep?: number;
  /** Older ones are removed, but never the newest one, days; 1 to 3,650, default 90. */
  maxAgeDays?: number;
  /** System Health warns of a last backup of upgate's that is older, days; 0 to 3,650, default 30; 0: it never does. */
  staleAfterDays?: number;
  /** The scratch database for proof and rehearsal. Default: the database's name and `_rehearsal`. */
  scratchDatabase?: string;
  /** `restore`: restored into the scratch database; `read`: read to its end only. Default `restore`, and `read` where the account may not. */
  proof?: "restore" | "read";
}

/** How to reach the database by its own tools, without knex. */
export type BackupTarget =
  | {
      readonly dialect: "mysql";
      readonly host: string;
      readonly port: number;
      readonly socketPath: string | null;
      readonly user: string;
      readonly password: string;
      readonly database: string;
      /** mysql2's `ssl`: null without; the texts are PEM. */
      readonly ssl: {
        readonly ca?: string;
        readonly cert?: string;
        readonly key?: string;
        readonly rejectUnauthorized?: boolean;
      } | null;
    }
  | { readonly dialect: "sqlite"; readonly filename: string };
