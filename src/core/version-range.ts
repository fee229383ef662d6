import satisfies from "semver/functions/satisfies.js";

/** Whether the version lies in the range, prereleases counted as any other version. False for a range that is none. */
export function inRange(version: string, range: string): boolean {
  return satisfies(version, range, { includePrerelease: true });
}
