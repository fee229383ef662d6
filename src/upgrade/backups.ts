import { mkdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Knex } from "knex";
import type { BackupCall, BackupDriver, BackupManifest, BackupProof, BackupTool } from "../core/backup.js";
import { isUpgateError, UpgateError } from "../core/errors.js";
import type { MadeBackup } from "../core/run.js";
import { parseInstalledVersion } from "../core/version.js";
import type { VersionRowFact } from "../core/version-state.js";
import { type BackupDriverOptions, driverFor, openBackupDriver } from "../backup/backup-driver.js";
import { BackupFolder } from "../backup/backup-folder.js";
import { estimateBackup, refuseWithoutRoom } from "../backup/backup-size.js";
import { backupTarget } from "../store/backup-target.js";
import { connectStore } from "../store/connect.js";
import { driverMessage, orAbsent } from "../store/driver-errors.js";
import { readActiveRun } from "../store/runs.js";
import { readServerName } from "../store/server-name.js";
import { NEVER_BACKED_UP } from "../store/tables.js";
import { readVersionRow } from "../store/version-row.js";
import type { UpgradeContext } from "./context.js";
import { nearestFolder } from "./folder-checks.js";
import { compareRows } from "./scratch-rows.js";
import { openScratch, type ScratchDatabase } from "./scratch-database.js";

type SessionSql = (session: number) => string;

interface DriverWish {
  /** Of the backup that it has to understand; absent: to make one. */
  readonly manifest?: BackupManifest;
  /** To make it by, whatever the options say. */
  readonly tool?: BackupTool | null;
  readonly sessionSql?: SessionSql | null;
}

/** Backups of this application's database, in this machine's data folder. */
export class Backups {
  readonly folder: BackupFolder;

  constructor(private readonly context: UpgradeContext) {
    this.folder = new BackupFolder(context.settings.dataDir);
  }

  /** The bytes of the database, at a guess. Throws what stands in the way of a backup: a tool that is missing, no room. Writes nothing. */
  async foresee(): Promise<number> {
    const { store } = this.context;
    await openBackupDriver(await this.#parts(store.knex));
    const estimate = await estimateBackup(store.knex, store.dialect);
    await refuseWithoutRoom(nearestFolder(this.folder.path), estimate, store.dialect);
    return estimate.totalBytes;
  }

  /**
   * Makes one and proves it; `runId`: for a run that has closed the site; `tool`: instead of what the options say. Throws
   * `ERR_UPGATE_BACKUP_…`; then nothing is left of it.
   */
  async create(runId: string | null, { signal, onProgress }: BackupCall, tool: BackupTool | null = null): Promise<BackupManifest> {
    const { store } = this.context;
    const made = await toldAsFailure(() =>
      this.#withDriver({ tool }, async (driver, knex) => {
        await refuseWithoutRoom(this.folder.path, await estimateBackup(knex, store.dialect), store.dialect);
        const row = await orAbsent<VersionRowFact>(() => readVersionRow(knex, store.versionRow), { kind: "absent" });
        const facts = {
          version: row.kind === "text" ? parseInstalledVersion(row.text) : null,
          runId,
          database: store.source.label,
          dialect: store.dialect,
          server: await readServerName(knex, store.dialect),
        };
        const call = { exclude: NEVER_BACKED_UP, signal, onProgress };
        return this.folder.create(driver, facts, call);
      }),
    );
    return this.#proveNew(made.id, { signal, onProgress });
  }

  /** A tool that ended well and left a dump without its end has made no backup. */
  async #proveNew(id: string, call: BackupCall): Promise<BackupManifest> {
    try {
      return await this.prove(id, call);
    } catch (cause) {
      if (!isUpgateError(cause)) throw cause;
      await this.folder.remove(id);
      if (cause.code !== "ERR_UPGATE_BACKUP_DAMAGED") throw cause;
      throw new UpgateError("ERR_UPGATE_BACKUP_FAILED", `The backup was not whole when it was read again: ${cause.message}`, { cause });
    }
  }

  /**
   * Reads the backup to its end and, where the options and the account allow it, restores it into the scratch database and counts there.
   * Throws `ERR_UPGATE_BACKUP_DAMAGED`.
   */
  async prove(id: string, work: BackupCall): Promise<BackupManifest> {
    const { settings, logger } = this.context;
    const { proof, driver } = settings.options.backup;
    // What a driver of the host's own makes can be restored by it only, and only in place.
    if (driver !== null && this.folder.read(id).driver === driver.name)
      return driver.verify ? this.checked(id, work) : this.folder.read(id);
    if (proof === "restore") {
      try {
        return await this.inScratch(id, work, async (_scratch, manifest) => manifest);
      } catch (error) {
        if (!isUpgateError(error, "ERR_UPGATE_SCRATCH_DATABASE")) throw error;
        logger.warn(`upgate: the backup is read, not restored, for its proof. ${error.message} ${error.remedy}`);
      }
    }
    return this.checked(id, work);
  }

  /** Restores the backup into the scratch database, proves it by that, lets `use` have the copy, and drops it. */
  async inScratch<T>(
    id: string,
    work: BackupCall,
    use: (scratch: ScratchDatabase, manifest: BackupManifest, restoreMs: number) => Promise<T>,
  ): Promise<T> {
    const read = await this.checked(id, work);
    const scratch = await openScratch(this.context);
    try {
      const startedMs = this.context.store.clock.nowMs();
      await inScratchOnly(() =>
        this.#withDriver({ manifest: read }, (driver) => {
          const whole = { done: new Set<string>(), keep: [], first: [], last: [], beforePart: nothing, onPart: nothing };
          return driver.restore({ folder: this.folder.folderOf(id), manifest: read, scratch: scratch.name, ...whole, ...work });
        }),
      );
      const restoreMs = this.context.store.clock.nowMs() - startedMs;
      await compareRows(scratch.source, read);
      const manifest = await this.folder.setProof(id, { ...this.#proof("restored"), durationMs: Math.round(restoreMs) });
      return await use(scratch, manifest, restoreMs);
    } finally {
      await scratch.drop();
    }
  }

  /** Removes old ones, as the options say; never one that a run may still have to be undone by. Returns their ids. */
  async prune(more: { readonly keep?: number; readonly maxAgeDays?: number } = {}, spare: readonly string[] = []): Promise<string[]> {
    const { store, settings } = this.context;
    const { keep, maxAgeDays } = { ...settings.options.backup, ...more };
    const made = (await orAbsent(() => readActiveRun(store.knex), null))?.backup?.made;
    return this.folder.prune({ keep, maxAgeDays, now: new Date(), spare: new Set(made ? [made.id, ...spare] : spare) });
  }

  /** In place. `sessionSql`: how each session of a client program begins. */
  async restore(
    manifest: BackupManifest,
    sessionSql: SessionSql,
    call: Pick<Parameters<BackupDriver["restore"]>[0], "keep" | "first" | "last" | "done" | "beforePart" | "onPart"> & BackupCall,
  ): Promise<void> {
    await this.#withDriver({ manifest, sessionSql }, (driver) =>
      driver.restore({ folder: this.folder.folderOf(manifest.id), manifest, scratch: null, ...call }),
    );
  }

  /** Throws `ERR_UPGATE_BACKUP_DAMAGED` unless every file of it is what the manifest tells. */
  async checked(id: string, work: BackupCall): Promise<BackupManifest> {
    const startedMs = this.context.store.clock.nowMs();
    const manifest = await this.#withDriver({ manifest: this.folder.read(id) }, (driver) => this.folder.check(id, driver, work));
    // A better proof is not forgotten for a lesser one of the same files.
    if (manifest.proof?.how === "restored") return manifest;
    return this.folder.setProof(id, { ...this.#proof("read"), durationMs: Math.round(this.context.store.clock.nowMs() - startedMs) });
  }

  #proof(how: BackupProof["how"]): Pick<BackupProof, "how" | "at"> {
    return { how, at: this.context.store.clock.timestamp() };
  }

  async #parts(knex: Knex, { tool = null, sessionSql = null }: DriverWish = {}): Promise<BackupDriverOptions> {
    const { settings, store } = this.context;
    const { driver, tool: usual } = settings.options.backup;
    const target = await backupTarget(store.source.admin ?? store.source);
    const workDir = path.join(this.folder.path, ".work");
    return { target, knex, workDir, host: tool === null ? driver : null, tool: tool ?? usual, sessionSql };
  }

  async #withDriver<T>(wish: DriverWish, use: (driver: BackupDriver, knex: Knex) => Promise<T>): Promise<T> {
    const { store } = this.context;
    const knex = connectStore(store.source.admin ?? store.source);
    try {
      const parts = await this.#parts(knex, wish);
      mkdirSync(parts.workDir, { recursive: true, mode: 0o700 });
      return await use(wish.manifest ? await driverFor(wish.manifest, parts) : await openBackupDriver(parts), knex);
    } finally {
      await knex.destroy();
    }
  }
}

/** The real database has nothing to do with it: nothing is closed, and there is nothing to retry. */
async function inScratchOnly(restore: () => Promise<void>): Promise<void> {
  try {
    await restore();
  } catch (cause) {
    if (!isUpgateError(cause, "ERR_UPGATE_RESTORE_FAILED")) throw cause;
    const remedy = `The same would happen in earnest, so remove the cause. Or say proof: "read" (option backup), and restore it somewhere yourself.`;
    throw new UpgateError("ERR_UPGATE_BACKUP_FAILED", `The backup can't be restored into a scratch database: ${cause.message}`, {
      cause,
      remedy,
    });
  }
}

/** Of a folder that can't be made, for example. */
async function toldAsFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isUpgateError(cause)) throw cause;
    throw new UpgateError("ERR_UPGATE_BACKUP_FAILED", `The backup could not be made: ${driverMessage(cause)}`, { cause });
  }
}

/** The newest that can be read. Throws `ERR_UPGATE_BACKUP_UNKNOWN`. */
export function newestBackup(folder: BackupFolder): BackupManifest {
  const newest = folder.list().find(({ manifest }) => manifest !== null)?.manifest;
  if (newest) return newest;
  throw new UpgateError("ERR_UPGATE_BACKUP_UNKNOWN", `There is no backup in ${folder.path}.`);
}

/** What a run keeps of it. */
export function madeBackup({ id, takenAt, bytes, rows, proof }: BackupManifest): MadeBackup {
  return { id, takenAt, bytes, rows, proof: proof?.how ?? null, host: os.hostname() };
}

async function nothing(): Promise<void> {}
