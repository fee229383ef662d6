import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { UpgateError } from "../../core/errors.js";
import { projectAddress } from "./address.js";
import { type ProjectVersion, projectVersion } from "./code-version.js";
import type { DatabaseChoice } from "./config-text.js";
import { type DatabaseFacts, projectDatabase, readDatabase } from "./database-facts.js";
import { type EntryFile, findEntryFile } from "./entry-file.js";
import { type Knexfile, findKnexfile, readKnexfile } from "./knexfile.js";
import { findKnexMakers, type KnexMaker } from "./knex-makers.js";
import { findMigrations, type MigrationsFolder } from "./migrations-folder.js";
import { type PackageFile, readPackageFile } from "./package-file.js";
import { checkRequirements, type InstalledPackages } from "./requirements.js";
import { type UpgateModule, upgateModule } from "./upgate-module.js";

/** An Express and knex project as it was found. */
export interface Project {
  readonly folder: string;
  readonly packageFile: PackageFile;
  readonly installed: InstalledPackages;
  readonly version: ProjectVersion;
  readonly knexfile: Knexfile | null;
  readonly knexMakers: readonly KnexMaker[];
  readonly migrations: MigrationsFolder;
  readonly databaseChoice: DatabaseChoice;
  readonly database: DatabaseFacts;
  readonly entry: EntryFile | null;
  readonly module: UpgateModule;
  readonly license: string | null;
  readonly releaseNotes: string | null;
}

export interface DiscoverOptions {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Relative to the folder; null: looked for. */
  readonly knexfile: string | null;
}

/** Looks at the project: reads files, loads the knexfile, reads the database. Throws `ERR_UPGATE_PROJECT` or `ERR_UPGATE_KNEX`; writes nothing. */
export async function discoverProject({ folder, env, knexfile: given }: DiscoverOptions): Promise<Project> {
  const packageFile = readPackageFile(folder);
  refuseExisting(folder);
  const installed = checkRequirements(folder, packageFile);
  const knexFileName = findKnexfile(folder, given ?? packageFile.knexfile);
  const knexfile = knexFileName === null ? null : await readKnexfile(folder, knexFileName, env["NODE_ENV"]);
  const version = projectVersion(packageFile.version);
  const migrations = findMigrations(folder, knexfile, version.version);
  const entry = findEntryFile(folder, packageFile);
  const module = upgateModule(entry, packageFile.type);
  const knexMakers = findKnexMakers(folder);
  const { address, dotenv } = knexfile === null ? projectAddress(folder, packageFile, env) : { address: null, dotenv: false };
  const named = knexfile?.config ?? address;
  const source = named === null ? null : projectDatabase(named, folder);
  return {
    folder,
    packageFile,
    installed,
    version,
    knexfile,
    knexMakers,
    migrations,
    databaseChoice: knexfile === null ? addressChoice(dotenv, address, knexMakers) : knexfileChoice(knexfile, module),
    database: source === null ? { kind: "unnamed" } : await readDatabase(source, migrations.files),
    entry,
    module,
    license: findText(folder, /^EULA\.(?:md|markdown|txt)$/i),
    releaseNotes: findText(folder, /^CHANGELOG\.(?:md|markdown)$/i),
  };
}

function refuseExisting(folder: string): void {
  const existing = readdirSync(folder).filter((name) => /^upgate(?:\.config)?\.[mc]?[jt]s$/.test(name));
  if (existing.length > 0)
    throw new UpgateError("ERR_UPGATE_PROJECT", `${existing.join(" and ")} ${existing.length === 1 ? "is" : "are"} here already.`, {
      remedy: "The project is set up: run npx upgate status. To begin anew, remove or rename the file first.",
    });
}

function addressChoice(dotenv: boolean, address: string | null, makers: readonly KnexMaker[]): DatabaseChoice {
  const [maker] = makers;
  const hint = address === null && maker ? `The database that ${maker.file} connects to: an address, or what knex takes.` : null;
  return { kind: "address", dotenv, hint };
}

/** A module that is loaded by require() must not wait. */
function knexfileChoice({ file, access, config }: Knexfile, { system }: UpgateModule): DatabaseChoice {
  if (!access.awaited || system === "esm") return { kind: "knexfile", file, access };
  const { client, useNullAsDefault, migrations } = config;
  if (typeof client !== "string")
    throw new UpgateError("ERR_UPGATE_PROJECT", `${file} is asynchronous and gives a client that is no name.`, {
      remedy: "Make the knexfile export its configuration at once, without a promise.",
    });
  return {
    kind: "late knexfile",
    file,
    access,
    client,
    useNullAsDefault: useNullAsDefault === true,
    tableName: migrations?.tableName ?? null,
  };
}

function findText(folder: string, name: RegExp): string | null {
  return readdirSync(folder).find((entry) => name.test(entry) && existsSync(path.join(folder, entry))) ?? null;
}
