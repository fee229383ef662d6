import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { defaultExport } from "../core/default-export.js";
import { messageOf, type OptionProblem, UpgateError } from "../core/errors.js";
import type { MigrationFile, MigrationModule } from "../core/migration.js";
import { byName, sortMigrations } from "../core/plan.js";
import { codeVersionProblem } from "../core/version.js";
import { loadSource } from "./load-module.js";
import { isMigrationName, isReleaseName, withoutExtension } from "./migration-names.js";
import type { LoadedMigration, MigrationListing, MigrationSet } from "./migration-set.js";

/**
 * The migrations below a folder: `<version>/<file>`, or a flat folder of knex migrations, where every file belongs to
 * the code version. Reads names only. Every problem is gathered: no folder, a folder that was meant to be a version's but is
 * not named like one, two of a name. Other folders (helpers, data) are the vendor's, as knex has it.
 */
export function listMigrations(folder: string, codeVersion: string): MigrationListing {
  const problems: OptionProblem[] = [];
  const problem = (message: string): void => void problems.push({ path: "migrations", message });
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    problem(`the folder ${folder} does not exist`);
    return { files: [], problems };
  }
  const files: MigrationFile[] = [];
  // Not path.join, which normalises each time: there may be ten thousand.
  const within = (parent: string, name: string): string => `${parent}${path.sep}${name}`;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".")) continue;
    const full = within(folder, entry.name);
    if (!entry.isDirectory()) {
      if (isMigrationName(entry.name)) files.push({ name: withoutExtension(entry.name), version: codeVersion, path: full });
    } else if (isReleaseName(entry.name)) {
      for (const name of readdirSync(full)) {
        if (isMigrationName(name))
          files.push({ name: `${entry.name}/${withoutExtension(name)}`, version: entry.name, path: within(full, name) });
      }
    } else if (/^v?\d/.test(entry.name) && readdirSync(full).some(isMigrationName)) {
      problem(`the folder "${entry.name}" holds migrations, but its name is no version such as "8.6.1"`);
    }
  }
  const sorted = codeVersionProblem(codeVersion) === null ? sortMigrations(files) : files.toSorted(byName);
  for (const [name, paths] of sharedNames(sorted))
    problem(`two migrations are named "${name}": ${paths.map((file) => path.basename(file)).join(" and ")}`);
  return { files: sorted, problems };
}

/** SHA-256 of the text with line ends normalised: an upload in ASCII mode changes nothing. */
export async function migrationChecksum(file: string): Promise<string> {
  return checksumOf(await readFile(file, "utf8"));
}

function checksumOf(text: string): string {
  return createHash("sha256").update(text.replace(/\r\n?/g, "\n")).digest("hex");
}

/** Imports the file. Throws `ERR_UPGATE_MIGRATION_INVALID` when it can't be loaded or exports no `up`. */
export async function loadMigration(name: string, file: string): Promise<LoadedMigration> {
  let loaded: Readonly<Record<string, unknown>>;
  let sha256: string;
  try {
    // At once: Node reads a module so anyway, and four trips to its thread pool take longer.
    const text = readFileSync(file, "utf8");
    sha256 = checksumOf(text);
    loaded = await loadSource(file, text, sha256);
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_MIGRATION_INVALID", `The migration ${name} can't be loaded: ${messageOf(cause)}`, {
      cause,
      remedy: "Upload a corrected release.",
    });
  }
  const module = (typeof loaded["up"] === "function" ? loaded : defaultExport(loaded)) as Partial<MigrationModule> | undefined;
  if (typeof module?.up !== "function")
    throw new UpgateError("ERR_UPGATE_MIGRATION_INVALID", `The migration ${name} exports no function named up.`);
  return { module: module as MigrationModule, sha256 };
}

/** The migrations of a folder. */
export function migrationFolder(folder: string, codeVersion: string): MigrationSet {
  return {
    list: async () => listMigrations(folder, codeVersion),
    load: (file) => loadMigration(file.name, file.path as string),
    checksum: (file) => migrationChecksum(file.path as string),
  };
}

/** The names that several files have, each with their paths. Sorted, such files are neighbours. */
function sharedNames(sorted: readonly MigrationFile[]): Map<string, string[]> {
  const shared = new Map<string, string[]>();
  for (const [index, file] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before?.name !== file.name) continue;
    shared.set(file.name, [...(shared.get(file.name) ?? [before.path ?? before.name]), file.path ?? file.name]);
  }
  return shared;
}
