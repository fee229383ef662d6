import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import semver from "semver";
import type { Check } from "../core/check.js";
import { messageOf } from "../core/errors.js";
import type { Settings } from "./settings.js";

const OLDEST_NODE = "20.19.0";

const COMMON = { id: "engines", title: "Node.js for the application" };

/** Where the application's package.json is looked for first, absolute: beside the configuration file. */
export function applicationFolder({ configFile }: Pick<Settings, "configFile">): string {
  return configFile === null ? process.cwd() : path.dirname(configFile);
}

/** What the nearest package.json, from `folder` upwards, demands of Node.js. `version`: of the running one. */
export function enginesCheck(folder: string, version = process.version): Check {
  const file = nearestPackageFile(folder);
  if (file === null) return { ...COMMON, severity: "info", message: `No package.json in ${folder} or above.`, remedy: null };
  try {
    const { engines } = JSON.parse(readFileSync(file, "utf8")) as { readonly engines?: { readonly node?: unknown } };
    return judgeEngines(engines?.node, version, file);
  } catch (error) {
    return { ...COMMON, severity: "info", message: `${file} can't be read: ${messageOf(error)}`, remedy: null };
  }
}

export function judgeEngines(range: unknown, version: string, file: string): Check {
  if (range === undefined) return { ...COMMON, severity: "ok", message: `${file} names no version of Node.js.`, remedy: null };
  if (typeof range !== "string" || semver.validRange(range) === null)
    return { ...COMMON, severity: "info", message: `engines.node of ${file} is no range of versions.`, remedy: null };
  const running = version.replace(/^v/, "");
  if (semver.satisfies(running, range, { includePrerelease: true }))
    return { ...COMMON, severity: "ok", message: `${running}, as the release asks for: ${range}.`, remedy: null };
  return {
    ...COMMON,
    severity: "danger",
    blocking: true,
    message: `The release asks for Node.js ${range}; this is ${running}.`,
    remedy: `Install Node.js ${range}, then restart the application.`,
  };
}

function nearestPackageFile(folder: string): string | null {
  const file = path.join(folder, "package.json");
  if (existsSync(file)) return file;
  const above = path.dirname(folder);
  return above === folder ? null : nearestPackageFile(above);
}

export function nodeCheck(): Check {
  const old = semver.lt(process.version, OLDEST_NODE);
  return {
    id: "node",
    title: "Node.js",
    severity: old ? "warning" : "ok",
    message: process.version.slice(1),
    remedy: old ? `Install Node.js ${OLDEST_NODE} or later.` : null,
  };
}
