import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

/** A folder of its own for the test, filled with the files, removed when the test ends. Returns its absolute path. */
export function tempFolder(t: TestContext, files: Readonly<Record<string, string | Uint8Array>> = {}, prefix = "upgate-unit-"): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), prefix));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return folder;
}

/** Every path below the folder, sorted. */
export function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
}
