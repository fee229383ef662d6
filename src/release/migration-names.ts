import { codeVersionProblem, isVersion } from "../core/version.js";

const EXTENSION = /\.(?:js|mjs|cjs|ts|mts|cts)$/;
const DECLARATION = /\.d\.[mc]?ts$/;

export function isMigrationName(name: string): boolean {
  return EXTENSION.test(name) && !DECLARATION.test(name) && !name.startsWith(".");
}

export function withoutExtension(name: string): string {
  return name.replace(EXTENSION, "");
}

/** A folder's name that is a release: semver without build metadata. */
export function isReleaseName(name: string): boolean {
  return isVersion(name) && codeVersionProblem(name) === null;
}

/** `8.6.1` of `8.6.1/0001-tax-id`; null for a name without a release. */
export function versionOfName(name: string): string | null {
  const [release, rest] = name.split("/", 2);
  return release !== undefined && rest !== undefined && isReleaseName(release) ? release : null;
}
