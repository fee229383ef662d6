import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";

/** Of a process on this machine; one that belongs to somebody else counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * A new folder of this process below `workDir`, mode 0700, for files of the moment. Those of the same `purpose` that dead processes left
 * are removed on the way.
 */
export function momentFolder(workDir: string, purpose: string): string {
  const prefix = `${purpose}-`;
  for (const name of readdirSync(workDir)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (!Number.isNaN(pid) && !isAlive(pid)) rmSync(path.join(workDir, name), { recursive: true, force: true });
  }
  return mkdtempSync(path.join(workDir, `${prefix}${process.pid}-`));
}
