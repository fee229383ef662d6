import compare from "semver/functions/compare.js";
import parse from "semver/functions/parse.js";

/** A version row longer than this is not read as a version: 256 is semver's own limit (`MAX_LENGTH`). */
export const MAX_VERSION_LENGTH = 256;

/** The code version as given by the host: strict semver, build metadata refused. Returns a problem's text, or null when fine. */
export function codeVersionProblem(value: unknown): string | null {
  if (typeof value !== "string") return `must be a string such as "8.6.1", got ${describe(value)}`;
  const parsed = parse(value, { loose: false });
  if (!parsed || parsed.version !== value.split("+")[0])
    return `must be a semver version such as "8.6.1", got ${JSON.stringify(shorten(value))}`;
  if (parsed.build.length > 0) return `must carry no build metadata: use "${parsed.version}"`;
  return null;
}

/** The installed version from the row's text; build metadata is dropped. Null when the text is no version. */
export function parseInstalledVersion(text: string): string | null {
  if (text.length > MAX_VERSION_LENGTH) return null;
  return parse(text.trim())?.version ?? null;
}

export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  return compare(a, b);
}

export function isVersion(value: string): boolean {
  return parse(value) !== null;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function describe(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}
