import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import path from "node:path";
import type { Check } from "../core/check.js";
import { messageOf } from "../core/errors.js";
import { MIB, sizeOf } from "../core/size.js";
import { readHistoryOrNone } from "../store/snapshot.js";
import type { UpgradeContext } from "./context.js";

/** Less than this, and not even an upgrade's log is sure to fit. */
const LEAST_FREE_BYTES = 64 * MIB;
const FEW_FREE_BYTES = 1024 * MIB;

/** Whether the data folder, or the one it will be made in, can be written to. */
export function dataDirCheck(dataDir: string): Check {
  const common = { id: "data-dir", title: "Data folder" };
  const folder = nearestFolder(dataDir);
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    const remedy = "Give the account that runs the application write access to it, or name another folder with the option dataDir.";
    return { ...common, severity: "danger", blocking: true, message: `${folder} can't be written to.`, remedy };
  }
  const message = folder === dataDir ? `${dataDir} can be written to.` : `${dataDir} is made when it is needed.`;
  return { ...common, severity: "ok", message, remedy: null };
}

export function freeSpaceCheck(dataDir: string): Check {
  const common = { id: "free-space", title: "Free space" };
  try {
    const { bavail, bsize } = statfsSync(nearestFolder(dataDir));
    const free = bavail * bsize;
    const remedy = "Make room first: logs and backups lie there.";
    const message = `${sizeOf(free)} beside the data folder.`;
    if (free < LEAST_FREE_BYTES) return { ...common, severity: "danger", blocking: true, message, remedy };
    return free < FEW_FREE_BYTES
      ? { ...common, severity: "warning", message, remedy }
      : { ...common, severity: "ok", message, remedy: null };
  } catch (error) {
    return { ...common, severity: "info", message: `It can't be told: ${messageOf(error)}`, remedy: null };
  }
}

export async function manifestCheck({ settings, store }: UpgradeContext): Promise<Check> {
  const common = { id: "manifest", title: "Release manifest" };
  const { manifest } = settings.release.paths;
  const { filesVersion, facts } = await settings.release.read();
  const applied = new Set((await readHistoryOrNone(store.knex)).filter(({ finishedAt }) => finishedAt !== null).map(({ name }) => name));
  const missing = (facts.missingFiles ?? []).filter((name) => !applied.has(name));
  if (missing.length > 0) {
    const remedy = `Upload all files of release ${settings.options.version} again.`;
    return { ...common, severity: "danger", message: `The upload is incomplete; missing: ${missing.join(", ")}.`, remedy };
  }
  if (manifest === null) return { ...common, severity: "ok", message: "None; the release does without.", remedy: null };
  const kind = facts.kind === "patch" ? "a patch set" : "a full release";
  return { ...common, severity: "ok", message: `${path.basename(manifest)}: ${filesVersion}, ${kind}.`, remedy: null };
}

/** The folder itself, or the nearest above it that exists. */
export function nearestFolder(folder: string): string {
  return existsSync(folder) || path.dirname(folder) === folder ? folder : nearestFolder(path.dirname(folder));
}
