import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { BackupCall, BackupDriver, BackupFile, BackupManifest, BackupProof, BackupTable, CreateBackupCall } from "../core/backup.js";
import { isUpgateError, messageOf, UpgateError } from "../core/errors.js";
import { backupFailure, damage } from "./failure.js";
import { isAlive } from "./leftovers.js";
import { parseManifest } from "./manifest-file.js";
import { syncPath, writeDurably } from "./durable.js";
import { differencesOf } from "./row-differences.js";
import { hashFile, type RecordedCreateCall } from "./written-file.js";

const ID = /^\d{8}T\d{6}-[0-9a-f]{8}$/;
const MANIFEST = "manifest.json";
const PARTIAL = ".partial";
const PID = "pid";
const DAY_MS = 86_400_000;

/** What a manifest tells besides what comes of making the backup. */
export type BackupFacts = Omit<
  BackupManifest,
  "format" | "id" | "takenAt" | "driver" | "tool" | "reference" | "tables" | "rows" | "files" | "bytes" | "durationMs" | "proof"
>;

/** A backup in the folder; `damaged`: its manifest can't be read, and why. */
export type ListedBackup =
  | { readonly id: string; readonly manifest: BackupManifest; readonly damaged: null }
  | { readonly id: string; readonly manifest: null; readonly damaged: string };

export interface PruneOptions {
  readonly keep: number;
  readonly maxAgeDays: number;
  readonly now: Date;
  /** Ids that must stay. */
  readonly spare: ReadonlySet<string>;
}

/** The backups below `dataDir/backups`, each in a folder named by its id; nobody else may read them. */
export class BackupFolder {
  /** Absolute. */
  readonly path: string;

  constructor(dataDir: string) {
    this.path = path.join(dataDir, "backups");
  }

  /** Absolute; throws `ERR_UPGATE_BACKUP_UNKNOWN` for what is no id or not there. */
  folderOf(id: string): string {
    const folder = path.join(this.path, id);
    if (ID.test(id) && existsSync(folder)) return folder;
    throw new UpgateError("ERR_UPGATE_BACKUP_UNKNOWN", `There is no backup ${JSON.stringify(id.slice(0, 60))}.`);
  }

  /** Newest first. */
  list(): ListedBackup[] {
    return this.ids().map((id) => {
      try {
        return { id, manifest: this.read(id), damaged: null };
      } catch (error) {
        return { id, manifest: null, damaged: messageOf(error) };
      }
    });
  }

  /** Throws `ERR_UPGATE_BACKUP_UNKNOWN` or `ERR_UPGATE_BACKUP_DAMAGED`. */
  read(id: string): BackupManifest {
    const file = path.join(this.folderOf(id), MANIFEST);
    try {
      return parseManifest(readFileSync(file, "utf8"), id);
    } catch (error) {
      if (isUpgateError(error)) throw error;
      throw new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", `The manifest of backup ${id} can't be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** A backup counts once its folder has its own name: all files are on the disk by then. Whatever fails leaves nothing behind. */
  async create(driver: BackupDriver, facts: BackupFacts, call: Omit<CreateBackupCall, "folder">): Promise<BackupManifest> {
    const takenAt = new Date();
    const id = `${takenAt.toISOString().slice(0, 19).replace(/[-:]/g, "")}-${randomBytes(4).toString("hex")}`;
    const folder = path.join(this.path, `${id}${PARTIAL}`);
    try {
      mkdirSync(path.join(folder, "files"), { recursive: true, mode: 0o700 });
      writeFileSync(path.join(folder, PID), String(process.pid), { mode: 0o600 });
      const manifest = await this.fill(path.join(folder, "files"), { id, takenAt, driver, facts, call });
      await writeDurably(path.join(folder, "files", MANIFEST), serialized(manifest));
      await syncPath(path.join(folder, "files"));
      call.signal.throwIfAborted();
      renameSync(path.join(folder, "files"), path.join(this.path, id));
      await syncPath(this.path);
      return manifest;
    } catch (error) {
      throw backupFailure(error, call.signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async fill(folder: string, { id, takenAt, driver, facts, call }: Making): Promise<BackupManifest> {
    const hashed = new Map<string, BackupFile>();
    const recorded: RecordedCreateCall = { ...call, folder, onFile: (file) => void hashed.set(file.name, file) };
    const created = await driver.create(recorded);
    const files: BackupFile[] = [];
    for (const name of await filesBelow(folder)) {
      const file = path.join(folder, name);
      await syncPath(file);
      const known = hashed.get(name);
      files.push(known?.bytes === (await stat(file)).size ? known : { name, ...(await hashFile(file, call.signal)) });
    }
    return {
      format: 1,
      id,
      ...facts,
      takenAt: takenAt.toISOString(),
      driver: driver.name,
      tool: created.tool,
      reference: created.reference ?? null,
      ...contentsOf(created.tables),
      files,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      durationMs: Date.now() - takenAt.getTime(),
      proof: null,
    };
  }

  async setProof(id: string, proof: BackupProof): Promise<BackupManifest> {
    const manifest = { ...this.read(id), proof };
    await writeDurably(path.join(this.folderOf(id), MANIFEST), serialized(manifest));
    return manifest;
  }

  /**
   * Reads everything. What the manifest could not tell before it tells from then on. Throws `ERR_UPGATE_BACKUP_DAMAGED` with what is
   * amiss.
   */
  async check(id: string, driver: BackupDriver, call: BackupCall): Promise<BackupManifest> {
    const manifest = this.read(id);
    const folder = this.folderOf(id);
    for (const file of manifest.files) await checkFile(folder, file, call.signal);
    const found = await driver.verify({ ...call, folder, manifest }).catch((error: unknown) => Promise.reject(damage(error, call.signal)));
    if (manifest.rows === null && manifest.tables.length === 0 && found.length > 0) {
      const complete = { ...manifest, ...contentsOf(found) };
      await writeDurably(path.join(folder, MANIFEST), serialized(complete));
      return complete;
    }
    const differences = differencesOf(manifest.tables, found);
    if (differences.length === 0) return manifest;
    throw new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", `Backup ${id} does not hold what its manifest tells: ${differences.join("; ")}.`);
  }

  /** Removes old backups, never the newest, and what dead processes left. Returns the ids that went. */
  async prune({ keep, maxAgeDays, now, spare }: PruneOptions): Promise<string[]> {
    await this.removeLeftovers();
    const oldest = new Date(now.getTime() - maxAgeDays * DAY_MS).toISOString().slice(0, 19).replace(/[-:]/g, "");
    const gone = this.ids().filter((id, place) => place > 0 && (place >= keep || id < oldest) && !spare.has(id));
    for (const id of gone) await this.remove(id);
    return gone;
  }

  /** Throws `ERR_UPGATE_BACKUP_UNKNOWN`. */
  async remove(id: string): Promise<void> {
    // Under another name it counts no more, whatever becomes of the rest.
    const doomed = `${this.folderOf(id)}${PARTIAL}`;
    renameSync(this.folderOf(id), doomed);
    await rm(doomed, { recursive: true, force: true });
  }

  private async removeLeftovers(): Promise<void> {
    for (const name of existsSync(this.path) ? await readdir(this.path) : []) {
      if (!name.endsWith(PARTIAL) || !ID.test(name.slice(0, -PARTIAL.length))) continue;
      const folder = path.join(this.path, name);
      if (!isMaking(folder)) rmSync(folder, { recursive: true, force: true });
    }
  }

  private ids(): string[] {
    if (!existsSync(this.path)) return [];
    return readdirSync(this.path)
      .filter((name) => ID.test(name))
      .toSorted()
      .toReversed();
  }
}

interface Making {
  readonly id: string;
  readonly takenAt: Date;
  readonly driver: BackupDriver;
  readonly facts: BackupFacts;
  readonly call: Omit<CreateBackupCall, "folder">;
}

function contentsOf(tables: readonly BackupTable[] | null): Pick<BackupManifest, "tables" | "rows"> {
  if (tables === null) return { tables: [], rows: null };
  const told = tables.filter(({ rows }) => rows !== null);
  const isTold = told.length > 0 || tables.length === 0;
  return { tables, rows: isTold ? told.reduce((sum, { rows }) => sum + (rows ?? 0), 0) : null };
}

const serialized = (manifest: BackupManifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

function isMaking(folder: string): boolean {
  const file = path.join(folder, PID);
  return existsSync(file) && isAlive(Number(readFileSync(file, "utf8")));
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .toSorted();
}

async function checkFile(folder: string, { name, bytes, sha256 }: BackupFile, signal: AbortSignal): Promise<void> {
  const file = path.join(folder, name);
  const damaged = (what: string): UpgateError => new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", `${name} ${what}.`);
  if (!existsSync(file)) throw damaged("is missing");
  const size = (await stat(file)).size;
  if (size !== bytes) throw damaged(`has ${size} bytes instead of ${bytes}`);
  const found = await hashFile(file, signal).catch((error: unknown) => Promise.reject(damage(error, signal)));
  if (found.sha256 !== sha256) throw damaged("does not match its checksum");
}
