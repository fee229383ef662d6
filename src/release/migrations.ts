import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { defaultExport } from "../core/default-export.js";
import { messageOf, type OptionProblem, UpgateError } from "../core/errors.js";
import type { MigrationFile, MigrationModule } from "../core/migration.js";
import { sortMigrations } from "../core/plan.js";
import { codeVersionProblem } from "../core/version.js";
import { loadModule } from "./load-module.js";
import { isMigrationName, isReleaseName, withoutExtension } from "./migration-names.js";
import type { MigrationListing, MigrationSet } from "./migration-set.js";

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
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".")) continue;
    const full = path.join(folder, entry.name);
    if (!entry.isDirectory()) {
      if (isMigrationName(entry.name)) files.push({ name: withoutExtension(entry.name), version: codeVersion, path: full });
    } else if (isReleaseName(entry.name)) {
      for (const name of readdirSync(full)) {
        if (isMigrationName(name))
          files.push({ name: `${entry.name}/${withoutExtension(name)}`, version: entry.name, path: path.join(full, name) });
      }
    } else if (/^v?\d/.test(entry.name) && readdirSync(full).some(isMigrationName)) {
      problem(`the folder "${entry.name}" holds migrations, but its name is no version such as "8.6.1"`);
    }
  }
  for (const [name, paths] of groupByName(files)) {
    if (paths.length > 1) problem(`two migrations are named "${name}": ${paths.map((file) => path.basename(file)).join(" and ")}`);
  }
  return { files: codeVersionProblem(codeVersion) === null ? sortMigrations(files) : files, problems };
}

/** SHA-256 of the text with line ends normalised: an upload in ASCII mode changes nothing. */
export async function migrationChecksum(file: string): Promise<string> {
  const text = await readFile(file, "utf8");
  return createHash("sha256").update(text.replace(/\r\n?/g, "\n")).digest("hex");
}

/** Imports the file. Throws `ERR_UPGATE_MIGRATION_INVALID` when it can't be loaded or exports no `up`. */
export async function loadMigration(name: string, file: string): Promise<MigrationModule> {
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = await loadModule(file, await migrationChecksum(file));
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_MIGRATION_INVALID", `The migration ${name} can't be loaded: ${messageOf(cause)}`, {
      cause,
      remedy: "Upload a corrected release.",
    });
  }
  const module = (typeof loaded["up"] === "function" ? loaded : defaultExport(loaded)) as Partial<MigrationModule> | undefined;
  if (typeof module?.up !== "function")
    throw new UpgateError("ERR_UPGATE_MIGRATION_INVALID", `The migration ${name} exports no function named up.`);
  return module as MigrationModule;
}

/** The migrations of a folder. */
export function migrationFolder(folder: string, codeVersion: string): MigrationSet {
  return {
    list: async () => listMigrations(folder, codeVersion),
    load: (file) => loadMigration(file.name, file.path as string),
    checksum: (file) => migrationChecksum(file.path as string),
  };
}

function groupByName(files: readonly MigrationFile[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const file of files) groups.set(file.name, [...(groups.get(file.name) ?? []), file.path ?? file.name]);
  return groups;
}
