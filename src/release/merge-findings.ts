import type { FilesComparison, SomePaths } from "../core/release-files.js";
import { compareVersions } from "../core/version.js";
import { type Findings, MOST_NAMED } from "./compare-files.js";

type Merged = Pick<FilesComparison, "missing" | "altered" | "lineEnds" | "stale" | "strange" | "unreadable" | "leftOver">;
type Named = Findings["found"]["stale"]["first"];

/** What all threads have found. Files of several earlier releases count for the one that most of them fit; the others are altered. */
export function mergeFindings(parts: readonly Findings[]): Merged {
  const first = (kind: keyof Findings["found"]): Named =>
    parts.flatMap(({ found }) => found[kind].first).toSorted((a, b) => a.index - b.index);
  const count = (kind: keyof Findings["found"]): number => parts.reduce((sum, { found }) => sum + found[kind].count, 0);
  const some = (kind: keyof Findings["found"]): SomePaths => somePaths(count(kind), first(kind));
  const [version, fitting] = mostFitting(parts);
  const others = first("stale").filter(({ versions }) => !versions.includes(version));
  return {
    missing: some("missing"),
    altered: somePaths(count("altered") + count("stale") - fitting, [...first("altered"), ...others]),
    lineEnds: some("lineEnds"),
    stale:
      fitting === 0
        ? null
        : {
            version,
            ...somePaths(
              fitting,
              first("stale").filter(({ versions }) => versions.includes(version)),
            ),
          },
    strange: some("strange"),
    unreadable: some("unreadable"),
    leftOver: some("leftOver"),
  };
}

function somePaths(count: number, named: Named): SomePaths {
  return { count, paths: named.map(({ path }) => path).slice(0, MOST_NAMED) };
}

/** The newest of those that explain most. */
function mostFitting(parts: readonly Findings[]): [version: string, count: number] {
  const sums = new Map<string, number>();
  for (const { staleIn } of parts) for (const [version, files] of staleIn) sums.set(version, (sums.get(version) ?? 0) + files);
  return [...sums].toSorted(([a, m], [b, n]) => n - m || compareVersions(b, a))[0] ?? ["", 0];
}
