import { createHash } from "node:crypto";
import { messageOf, type OptionProblem, UpgateError } from "../core/errors.js";
import type { MigrationFile, MigrationModule } from "../core/migration.js";
import type { MigrationSource } from "../core/options.js";
import { sortMigrations } from "../core/plan.js";
import { versionOfName, withoutExtension } from "./migration-names.js";
import type { LoadedMigration, MigrationSet } from "./migration-set.js";

/** As knex calls a source: the extensions that its own file loader takes. */
const LOAD_EXTENSIONS = [".co", ".coffee", ".eg", ".iced", ".js", ".cjs", ".litcoffee", ".ls", ".ts"];

/**
 * Migrations from a source of the host's own. A name `<version>/<name>` belongs to that release, every other one to the
 * code version. The checksum is that of the functions' text, because there is no file.
 */
export function migrationSource(source: MigrationSource, codeVersion: string): MigrationSet {
  const specs = new Map<string, unknown>();

  async function load(file: MigrationFile): Promise<LoadedMigration> {
    if (!specs.has(file.name)) await list();
    let loaded: Partial<MigrationModule>;
    try {
      loaded = (await source.getMigration(specs.get(file.name))) as Partial<MigrationModule>;
    } catch (cause) {
      throw new UpgateError("ERR_UPGATE_MIGRATION_INVALID", `The migration ${file.name} can't be loaded: ${messageOf(cause)}`, {
        cause,
        remedy: "Upload a corrected release.",
      });
    }
    if (typeof loaded?.up === "function") return { module: loaded as MigrationModule, sha256: checksumOf(loaded) };
    throw new UpgateError("ERR_UPGATE_MIGRATION_INVALID", `The migration ${file.name} has no function named up.`);
  }

  async function list(): Promise<{ files: MigrationFile[]; problems: OptionProblem[] }> {
    const found = await source.getMigrations(LOAD_EXTENSIONS);
    const problems: OptionProblem[] = [];
    specs.clear();
    const files = found.map((spec): MigrationFile => {
      const name = withoutExtension(String(source.getMigrationName(spec)));
      if (specs.has(name)) problems.push({ path: "migrations", message: `two migrations of the source are named "${name}"` });
      specs.set(name, spec);
      return { name, version: versionOfName(name) ?? codeVersion, path: null };
    });
    return { files: sortMigrations(files), problems };
  }

  return {
    list,
    load,
    checksum: async (file) => (await load(file)).sha256,
  };
}

function checksumOf({ up, down }: Partial<MigrationModule>): string {
  return createHash("sha256")
    .update(`${String(up)}\n${String(down)}`.replace(/\r\n?/g, "\n"))
    .digest("hex");
}
