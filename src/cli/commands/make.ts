import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { UpgateError } from "../../core/errors.js";
import type { MigrationFile } from "../../core/migration.js";
import { resolveSettings, type Settings } from "../../upgrade/settings.js";
import { EXIT } from "../exit-codes.js";
import { loadConfig } from "../load-config.js";
import {
  flatFileName,
  MIGRATION_EXTENSIONS,
  type MigrationExtension,
  migrationNameProblem,
  migrationText,
  systemOfExtension,
  usualExtension,
  versionedFileName,
} from "../project/migration-draft.js";
import { styleOf } from "../project/migrations-folder.js";
import { parsePackage } from "../project/package-file.js";
import { writeNewFiles } from "../project/project-files.js";
import { Terminal } from "../terminal.js";
import { type CommonOptions, verb } from "../verb.js";

interface MakeOptions extends CommonOptions {
  readonly flat?: boolean;
  readonly ext?: MigrationExtension;
}

export function makeCommand(): Command {
  return verb("make", "write the next migration's file, in the style of those that are there", {
    examples: [
      ["upgate make add tax id", "migrations/8.6.1/0004-add-tax-id.mjs, or as the project names its files"],
      ["upgate make add tax id --flat", "migrations/20260131235959_add_tax_id.js, as knex does"],
    ],
    exitCodes: [
      [EXIT.done, "the file is written"],
      [EXIT.error, "the options or the configuration file are wrong"],
      [EXIT.usage, "the name can't be a file's"],
    ],
  })
    .argument("<name...>", "what the migration does, for example add tax id", parseName)
    .option("--flat", "directly in the migrations' folder, with a time stamp, as knex does")
    .addOption(new Option("--ext <extension>", "default: as the last migration has").choices(MIGRATION_EXTENSIONS))
    .action(make);
}

async function make(name: string, { config, json = false, flat, ext }: MakeOptions): Promise<void> {
  const settings = resolveSettings(await loadConfig(config));
  const folder = migrationsFolder(settings);
  const { files } = await settings.release.read();
  const extension = ext ?? usualExtension(files.flatMap((file) => file.path ?? []));
  const file = `${flat || styleOf(files) === "flat" ? flatFileName(name, new Date()) : inRelease(name, settings, files)}.${extension}`;
  writeNewFiles(folder, [{ file, text: migrationText(extension, systemOfExtension(extension, packageType(folder))) }]);
  const written = path.join(folder, file);
  new Terminal(json).result({ file: written, version: settings.options.version }, [path.relative(process.cwd(), written)]);
}

/** The words so far and one more. */
function parseName(word: string, words: string | undefined): string {
  const name = words === undefined ? word : `${words} ${word}`;
  const problem = migrationNameProblem(name);
  if (problem !== null) throw new InvalidArgumentError(`The name ${problem}.`);
  return name;
}

/** Only a folder can take a file. */
function migrationsFolder({ release }: Settings): string {
  if (release.paths.migrations !== null) return release.paths.migrations;
  throw new UpgateError("ERR_UPGATE_OPTIONS", "The option migrations is no folder: upgate make can't write a file into it.", {
    remedy: "Add the migration where the application's migrations are made.",
    problems: [{ path: "migrations", message: "is no folder" }],
  });
}

function inRelease(name: string, { options: { version } }: Settings, files: readonly MigrationFile[]): string {
  const siblings = files.filter((file) => file.name.startsWith(`${version}/`)).map((file) => path.basename(file.name));
  return `${version}/${versionedFileName(name, siblings)}`;
}

/** The `type` of the package that the folder lies in. */
function packageType(folder: string): "module" | "commonjs" | null {
  const file = path.join(folder, "package.json");
  if (existsSync(file)) return parsePackage(JSON.parse(readFileSync(file, "utf8"))).type;
  const parent = path.dirname(folder);
  return parent === folder ? null : packageType(parent);
}
