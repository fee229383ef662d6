import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import semver from "semver";
import { UpgateError } from "../core/errors.js";
import { isVersion } from "../core/version.js";
import { type ReleaseManifest, readManifest } from "../release/manifest.js";

/** What the command line says about the release; undefined: as the manifest that is replaced says. */
export interface ReleaseWords {
  readonly kind?: "full" | "patch";
  readonly appliesTo?: string;
  readonly upgradeFrom?: string;
  readonly requiredStop?: readonly string[];
  readonly prunedBefore?: string;
}

/** The manifest's own members without what is sealed: what was written by hand stays, and what the words say counts instead. */
export function aboutRelease(
  { version, migrations }: { readonly version: string; readonly migrations: readonly string[] | null },
  replaced: ReleaseManifest | null,
  { kind, appliesTo, upgradeFrom, requiredStop, prunedBefore }: ReleaseWords,
): ReleaseManifest {
  const {
    files: _files,
    formerFiles: _former,
    templates: _templates,
    templateHistory: _history,
    signature: _signature,
    sealedAt: _sealedAt,
    version: _version,
    ...kept
  } = replaced ?? { version };
  const words = Object.fromEntries(
    Object.entries({ kind, appliesTo, upgradeFrom, requiredStops: requiredStop, prunedBefore }).filter(([, value]) => value !== undefined),
  );
  const { appliesTo: range, ...about } = { version, kind: "full" as const, ...kept, ...words, ...(migrations ? { migrations } : {}) };
  if (about.kind !== "patch") return about;
  if (range !== undefined) return { ...about, appliesTo: range };
  throw new UpgateError("ERR_UPGATE_SEAL", "A patch set must say which releases it fits.", { remedy: "Add --applies-to <range>." });
}

/** Null where there is no file. Throws `ERR_UPGATE_SEAL` for one that is no manifest. */
export function readReplaced(file: string): ReleaseManifest | null {
  return existsSync(file) ? readPrevious(file) : null;
}

/** Throws `ERR_UPGATE_SEAL`. */
export function readPrevious(file: string): ReleaseManifest {
  const reading = readManifest(file);
  if (reading.kind === "read") return reading.manifest;
  throw new UpgateError("ERR_UPGATE_SEAL", `${file} is no manifest: ${reading.problem}`, {
    remedy: "Name the release.json of an earlier release, or take the broken file away.",
  });
}

/** Whole or not at all: a build that is interrupted leaves the old one. */
export function writeManifest(file: string, manifest: ReleaseManifest): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify(manifest, null, 2)}\n`);
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

export function parseRange(text: string): string {
  if (semver.validRange(text) === null) throw new InvalidArgumentError('It must be a semver range such as "~8.6.0".');
  return text;
}

export function parseVersion(text: string): string {
  if (!isVersion(text)) throw new InvalidArgumentError("It must be a version such as 8.6.0.");
  return text;
}

/** For options that may be given several times. */
export function collect<T>(parse: (text: string) => T): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before) => [...(before ?? []), parse(text)];
}
