import { existsSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Check } from "../core/check.js";
import { MIB, sizeOf } from "../core/size.js";
import type { ServerSettings } from "../store/server-settings.js";
import type { Store } from "../store/store.js";
import type { TableConditions } from "../store/table-condition.js";

const COMMON = { id: "database-disk", title: "Room for the database" };
/** Less than this, and a migration may stop in the middle. */
const LEAST_FREE_BYTES = 64 * MIB;

interface Growth {
  readonly name: string;
  /** What a change that copies the largest table needs. */
  readonly bytes: number;
}

/** `free`: bytes on the database's disk. `largest`: null for an empty database. */
export function judgeDisk(free: number, largest: Growth | null): Check {
  if (free < LEAST_FREE_BYTES)
    return {
      ...COMMON,
      severity: "danger",
      blocking: true,
      message: `Only ${sizeOf(free)} are free on the database's disk.`,
      remedy: "Make room on that disk first: a full disk stops an upgrade in the middle.",
    };
  if (largest !== null && free < largest.bytes + LEAST_FREE_BYTES)
    return {
      ...COMMON,
      severity: "warning",
      message: `${sizeOf(free)} are free on the database's disk; a change that copies ${largest.name} needs ${sizeOf(largest.bytes)} more.`,
      remedy: "Make room on that disk first.",
    };
  return { ...COMMON, severity: "ok", message: `${sizeOf(free)} are free on the database's disk.`, remedy: null };
}

export async function mysqlDiskCheck({ dataFolder, hostname }: ServerSettings, { tables }: TableConditions): Promise<Check> {
  // A container has a host name of its own, and a folder of that path here may be another one.
  if (hostname !== os.hostname() || !existsSync(dataFolder))
    return {
      ...COMMON,
      severity: "info",
      message: "The database is on another machine, which can't be looked at from here.",
      remedy: null,
    };
  const largest = tables.toSorted((a, b) => b.bytes - a.bytes)[0];
  return judgeDisk(await freeBytes(dataFolder), largest ?? null);
}

export async function sqliteDiskCheck({ source }: Store): Promise<Check> {
  const { filename } = (source.config.connection ?? {}) as { filename?: string };
  if (filename === undefined) return { ...COMMON, severity: "info", message: "The database is no file of its own.", remedy: null };
  const file = path.resolve(filename);
  const bytes = existsSync(file) ? statSync(file).size : 0;
  return judgeDisk(await freeBytes(path.dirname(file)), bytes === 0 ? null : { name: path.basename(file), bytes });
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
