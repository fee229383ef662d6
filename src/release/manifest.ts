import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { messageOf } from "../core/errors.js";
import { codeVersionProblem, isVersion } from "../core/version.js";
import type { ReleaseFacts } from "../core/version-state.js";

const require = createRequire(import.meta.url);

/** `release.json` as the vendor ships it. */
export interface ReleaseManifest extends Omit<ReleaseFacts, "missingFiles"> {
  readonly version: string;
  /** Names of the migrations that belong to the release, as in the history. */
  readonly migrations?: readonly string[];
}

export type ManifestReading =
  | { readonly kind: "read"; readonly manifest: ReleaseManifest }
  | { readonly kind: "invalid"; readonly problem: string };

/** Reads and checks the manifest; a file that is missing or half uploaded is a problem by name, never an exception. */
export function readManifest(file: string): ManifestReading {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  } catch (error) {
    return { kind: "invalid", problem: messageOf(error) };
  }
  const problem = manifestProblem(value);
  return problem ? { kind: "invalid", problem } : { kind: "read", manifest: value as unknown as ReleaseManifest };
}

/** Changes when the file does; null when there is none. */
export function manifestStamp(file: string): string | null {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : null;
}

function manifestProblem(value: Record<string, unknown>): string | null {
  if (typeof value !== "object" || value === null) return "it holds no object";
  const version = codeVersionProblem(value["version"]);
  if (version) return `version ${version}`;
  if (value["kind"] !== undefined && value["kind"] !== "full" && value["kind"] !== "patch") return 'kind must be "full" or "patch"';
  for (const name of ["appliesTo", "upgradeFrom"]) {
    if (value[name] !== undefined && (typeof value[name] !== "string" || !isRange(value[name]))) return `${name} must be a semver range`;
  }
  if (value["prunedBefore"] !== undefined && (typeof value["prunedBefore"] !== "string" || !isVersion(value["prunedBefore"])))
    return "prunedBefore must be a version";
  if (value["requiredStops"] !== undefined && !isArrayOf(value["requiredStops"], isVersion))
    return "requiredStops must be an array of versions";
  if (value["migrations"] !== undefined && !isArrayOf(value["migrations"], (name) => name !== ""))
    return "migrations must be an array of names";
  return null;
}

/** semver's ranges are loaded with the first manifest: most programs start without one. */
function isRange(text: string): boolean {
  const validRange = require("semver/ranges/valid.js") as typeof import("semver/ranges/valid.js");
  return validRange(text) !== null;
}

function isArrayOf(value: unknown, accepts: (item: string) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string" && accepts(item));
}
