import { compareVersions } from "../core/version.js";
import type { FileHashes, FormerFiles } from "./manifest.js";

/** Releases that a sealed one remembers the files of. */
export const MOST_FORMER_RELEASES = 10;

/** What releases had in full, by version. */
export type ReleaseContents = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** `present`: what the release has; of `earlier` only versions before it count, and of these the newest ten. */
export function formerFiles(version: string, present: ReadonlyMap<string, string>, earlier: ReleaseContents): FormerFiles {
  let next = present;
  const former: [string, FileHashes][] = [];
  for (const one of newestFirst(earlier.keys())
    .filter((each) => compareVersions(each, version) < 0)
    .slice(0, MOST_FORMER_RELEASES)) {
    const own = earlier.get(one) as ReadonlyMap<string, string>;
    const other = [...own].filter(([path, hash]) => next.get(path) !== hash);
    if (other.length > 0) former.push([one, Object.fromEntries(other.toSorted(byPath))]);
    next = own;
  }
  return Object.fromEntries(former);
}

/** What the releases that a manifest remembers had. A file that came after one of them is told of it, too: that changes no comparison. */
export function formerContents(present: ReadonlyMap<string, string>, former: FormerFiles): Map<string, ReadonlyMap<string, string>> {
  const contents = new Map<string, ReadonlyMap<string, string>>();
  let next = present;
  for (const version of newestFirst(Object.keys(former))) {
    next = new Map([...next, ...Object.entries(former[version] as FileHashes)]);
    contents.set(version, next);
  }
  return contents;
}

/** Finds the releases in which a file had some content. */
export class FormerIndex {
  readonly #versions: readonly (readonly [version: string, files: FileHashes])[];

  constructor(former: FormerFiles) {
    this.#versions = newestFirst(Object.keys(former)).map((version) => [version, former[version] as FileHashes]);
  }

  /** Newest first. */
  versionsWith(path: string, hash: string): string[] {
    let then: string | undefined;
    const found: string[] = [];
    for (const [version, files] of this.#versions) {
      if (Object.hasOwn(files, path)) then = files[path];
      if (then === hash) found.push(version);
    }
    return found;
  }

  /** Files that some earlier release had and this one has not. */
  gone(present: FileHashes): string[] {
    const paths = new Set(this.#versions.flatMap(([, files]) => Object.keys(files)));
    return [...paths].filter((path) => !Object.hasOwn(present, path)).toSorted();
  }
}

export function byPath([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

function newestFirst(versions: Iterable<string>): string[] {
  return [...versions].toSorted((a, b) => compareVersions(b, a));
}
