import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import type { Knex } from "knex";
import { UpgateError } from "../../core/errors.js";
import type { MigrationFile } from "../../core/migration.js";
import { listMigrations } from "../../release/migrations.js";
import type { Knexfile } from "./knexfile.js";
import { MIGRATION_EXTENSIONS } from "./migration-draft.js";

const USUAL = ["migrations", "db/migrations", "src/migrations", "database/migrations", "src/db/migrations", "src/database/migrations"];

export interface MigrationsFolder {
  /** Relative to the project's folder, with `/`, without a slash at the end. */
  readonly folder: string;
  readonly exists: boolean;
  readonly files: readonly MigrationFile[];
  /** Null without any migration. */
  readonly style: "flat" | "versioned" | "mixed" | null;
}

/** The knexfile's folder, else a usual one that is there, else `migrations`. Throws `ERR_UPGATE_PROJECT` for what upgate can't read. */
export function findMigrations(folder: string, knexfile: Knexfile | null, codeVersion: string): MigrationsFolder {
  const named = knexfile === null ? null : directoryOf(knexfile);
  const candidates = named === null ? USUAL : placesOf(named, knexfile as Knexfile);
  const found = candidates.find((candidate) => isFolder(path.resolve(folder, candidate)));
  if (found === undefined) return { folder: relative(folder, candidates[0] as string), exists: false, files: [], style: null };
  const { files, problems } = listMigrations(path.resolve(folder, found), codeVersion);
  if (problems.length > 0)
    throw new UpgateError("ERR_UPGATE_PROJECT", `The migrations in ${found}: ${problems.map(({ message }) => message).join("; ")}.`, {
      remedy: "Rename or move what is named; upgate reads a flat folder, or one folder a release.",
    });
  refuseUnread(path.resolve(folder, found), found, knexfile);
  return { folder: relative(folder, found), exists: true, files, style: styleOf(files) };
}

/** Flat files have no folder in their names. */
export function styleOf(files: readonly Pick<MigrationFile, "name">[]): MigrationsFolder["style"] {
  const versioned = files.filter(({ name }) => name.includes("/")).length;
  if (files.length === 0) return null;
  return versioned === 0 ? "flat" : versioned === files.length ? "versioned" : "mixed";
}

function directoryOf({ file, config }: Knexfile): string | null {
  const { directory, migrationSource } = (config.migrations ?? {}) as Knex.MigratorConfig;
  if (migrationSource !== undefined)
    throw new UpgateError(
      "ERR_UPGATE_PROJECT",
      `${file} takes its migrations from a migrationSource, and upgate init sets up folders only.`,
      {
        remedy: "Write upgate.config.mjs by hand, with the source as the option migrations; or lay the migrations into a folder.",
      },
    );
  if (!Array.isArray(directory)) return (directory as string | undefined) ?? null;
  if (directory.length > 1)
    throw new UpgateError("ERR_UPGATE_PROJECT", `${file} names ${directory.length} migration folders; upgate reads one.`, {
      remedy: `Move the migrations into one folder. The folders are ${directory.join(", ")}`,
    });
  return (directory as readonly string[])[0] ?? null;
}

/** knex can be told to load what compiles to JavaScript while it is loaded; upgate can't. */
function refuseUnread(absolute: string, folder: string, knexfile: Knexfile | null): void {
  const { loadExtensions = [] } = (knexfile?.config.migrations ?? {}) as Knex.MigratorConfig;
  const foreign = loadExtensions.filter((extension) => !MIGRATION_EXTENSIONS.some((known) => extension === `.${known}`));
  const unread = readdirSync(absolute).filter((name) => foreign.includes(path.extname(name)));
  if (unread.length > 0)
    throw new UpgateError(
      "ERR_UPGATE_PROJECT",
      `upgate can't read migrations such as ${folder}/${unread[0]}, which ${knexfile?.file} lets knex load.`,
      {
        remedy: `Turn them into JavaScript or TypeScript: ${unread.join(", ")}`,
      },
    );
}

/** knex's command line changes into the knexfile's folder; the application runs in the project's. */
function placesOf(directory: string, { file }: Knexfile): string[] {
  return path.isAbsolute(directory) ? [directory] : [path.posix.join(path.posix.dirname(file), directory), directory];
}

function isFolder(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function relative(folder: string, place: string): string {
  return path.relative(folder, path.resolve(folder, place)).split(path.sep).join("/");
}
