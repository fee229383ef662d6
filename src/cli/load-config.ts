import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defaultExport } from "../core/default-export.js";
import { messageOf, UpgateError } from "../core/errors.js";
import { isPromise } from "../core/option-checker.js";
import type { UpgateOptions } from "../core/options.js";
import { loadModule } from "../release/load-module.js";

const NAMES = ["mjs", "js", "cjs", "ts", "mts", "cts"].map((extension) => `upgate.config.${extension}`);

/** Imports the configuration: the file given, else the first of the known names in the working directory. */
export async function loadConfig(given: string | undefined): Promise<UpgateOptions> {
  return given === undefined ? loadConfigOf(process.cwd()) : load(fileOf(given));
}

/** The configuration of the application in that folder, absolute. */
export async function loadConfigOf(folder: string): Promise<UpgateOptions> {
  const file = NAMES.map((name) => path.join(folder, name)).find(existsSync);
  if (file === undefined)
    throw new UpgateError("ERR_UPGATE_CONFIG_FILE", `There is no ${NAMES[0]} (or .js, .ts) in ${folder}.`, {
      remedy: "Change into the application's folder, or name the file with --config.",
    });
  return load(file);
}

async function load(file: string): Promise<UpgateOptions> {
  const options = defaultExport(await loadModuleOf(file));
  if (isPromise(options))
    throw new UpgateError("ERR_UPGATE_CONFIG_FILE", `${file} exports a promise.`, {
      remedy: "Await it in the file: export default await …",
    });
  if (typeof options !== "object" || options === null)
    throw new UpgateError("ERR_UPGATE_CONFIG_FILE", `${file} has no default export that is an object.`);
  return { ...(options as UpgateOptions), configFile: file };
}

function fileOf(given: string): string {
  const file = given.startsWith("file:") && URL.canParse(given) && new URL(given).host === "" ? fileURLToPath(given) : path.resolve(given);
  if (existsSync(file)) return file;
  throw new UpgateError("ERR_UPGATE_CONFIG_FILE", `There is no file ${file}.`, { remedy: "Name the configuration file with --config." });
}

async function loadModuleOf(file: string): ReturnType<typeof loadModule> {
  try {
    return await loadModule(file);
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_CONFIG_FILE", `${file} can't be loaded: ${messageOf(cause)}`, { cause });
  }
}
