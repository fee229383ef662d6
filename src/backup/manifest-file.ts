import path from "node:path";
import type { BackupManifest } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";

/** Reads a manifest's text. Throws `ERR_UPGATE_BACKUP_DAMAGED` when it is none, or one of another backup. */
export function parseManifest(text: string, id: string): BackupManifest {
  const manifest = JSON.parse(text) as Partial<BackupManifest> | null;
  const damaged = (what: string): UpgateError => new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", `The manifest of backup ${id} ${what}.`);
  if (manifest?.format !== 1) throw damaged("has a format that this version of upgate does not know");
  if (manifest.id !== id) throw damaged(`is that of backup ${String(manifest.id)}`);
  const { tables, files, driver, takenAt } = manifest;
  if (!Array.isArray(tables) || !Array.isArray(files)) throw damaged("is incomplete");
  if (typeof driver !== "string" || typeof takenAt !== "string") throw damaged("is incomplete");
  for (const { name } of files as { name?: unknown }[])
    if (!isInside(name)) throw damaged(`names a file outside its folder: ${String(name)}`);
  return manifest as BackupManifest;
}

function isInside(name: unknown): boolean {
  return typeof name === "string" && name !== "" && !path.isAbsolute(name) && !name.split(/[/\\]/).includes("..");
}
