import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { messageOf } from "../core/errors.js";
import { codeVersionProblem, isVersion } from "../core/version.js";
import type { ReleaseFacts } from "../core/version-state.js";
import type { Signature } from "./signature.js";

const require = createRequire(import.meta.url);

/** SHA-256, 64 hexadecimal digits, by path: relative, with `/`, without `.` or `..`. */
export type FileHashes = Readonly<Record<string, string>>;

/** By version, what that release had otherwise than the one after it: changed files and files that are gone. Each change stands there once. */
export type FormerFiles = Readonly<Record<string, FileHashes>>;

/** `release.json` as the vendor ships it: written by hand, or by `upgate seal` with hashes and a signature. */
export interface ReleaseManifest extends Omit<ReleaseFacts, "missingFiles"> {
  readonly version: string;
  /** Names of the migrations that belong to the release, as in the history. */
  readonly migrations?: readonly string[];
  /** Every shipped file, relative to the manifest's folder; absent: the release is not sealed. Of a patch set: the files that it replaces or adds. */
  readonly files?: FileHashes;
  /** The stock templates, relative to the folder `templates.stock`; of their content with line ends as LF, as `hashTemplates` gives them. */
  readonly templates?: FileHashes;
  /** What earlier releases had otherwise, so that files of theirs are known again; at most ten. */
  readonly formerFiles?: FormerFiles;
  /** `templates` of earlier releases, by version. */
  readonly templateHistory?: Readonly<Record<string, FileHashes>>;
  /** ISO 8601, UTC. */
  readonly sealedAt?: string;
  readonly signature?: Signature;
}

export type ManifestReading =
  | { readonly kind: "read"; readonly manifest: ReleaseManifest }
  | { readonly kind: "invalid"; readonly problem: string };

/** Reads and checks the manifest; a file that is missing or half uploaded is a problem by name, never an exception. */
export function readManifest(file: string): ManifestReading {
  try {
    return parseManifest(readFileSync(file, "utf8"));
  } catch (error) {
    return { kind: "invalid", problem: messageOf(error) };
  }
}

/** The same for its text. */
export function parseManifest(text: string): ManifestReading {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
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
  for (const name of ["files", "templates"])
    if (value[name] !== undefined && !isFileHashes(value[name])) return `${name} must be an object of SHA-256 sums by relative path`;
  for (const name of ["formerFiles", "templateHistory"])
    if (value[name] !== undefined && !isHistory(value[name]))
      return `${name} must be an object of SHA-256 sums by version and relative path`;
  return null;
}

function isHistory(value: unknown): boolean {
  return isObject(value) && Object.entries(value).every(([version, hashes]) => isVersion(version) && isFileHashes(hashes));
}

/** Whether it may come from outside: sums by paths that stay in their folder. One look at each of the two: there may be twenty thousand, and the event loop waits. */
export function isFileHashes(value: unknown): value is FileHashes {
  if (!isObject(value)) return false;
  for (const file in value) if (!isRelativePath(file) || !/^[0-9a-f]{64}$/.test(String(value[file]))) return false;
  return true;
}

/** A manifest must never lead out of its folder, on any system. */
export function isRelativePath(file: string): boolean {
  return !/[\\\0:]|(?:^|\/)\.{0,2}(?:\/|$)/.test(file);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** semver's ranges are loaded with the first manifest: most programs start without one. */
function isRange(text: string): boolean {
  const validRange = require("semver/ranges/valid.js") as typeof import("semver/ranges/valid.js");
  return validRange(text) !== null;
}

function isArrayOf(value: unknown, accepts: (item: string) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string" && accepts(item));
}
