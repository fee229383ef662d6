import type { FilesFact } from "./version-state.js";

/** Paths relative to the manifest's folder, with `/`: how many there are, and the first 50 of them. */
export interface SomePaths {
  readonly count: number;
  readonly paths: readonly string[];
}

/** `unasked`: the application names no public key. The others as `SignatureVerdict`. */
export type SignatureFinding = "valid" | "unsigned" | "untrusted" | "broken" | "unasked";

/** What a comparison of the files on disk with a sealed release's manifest has found. */
export interface FilesComparison {
  /** The manifest's. */
  readonly version: string;
  readonly signature: SignatureFinding;
  /** How many files the manifest lists; 0: the release is not sealed. */
  readonly listed: number;
  /** They are not there. */
  readonly missing: SomePaths;
  /** Their content is another one, and of no earlier release that is known. */
  readonly altered: SomePaths;
  /** Only their line ends differ: a transfer in text mode does that. */
  readonly lineEnds: SomePaths;
  /** Their content is that of an earlier release; null: there are none. */
  readonly stale: (SomePaths & { readonly version: string }) | null;
  /** Links that lead out of the folder, folders, pipes, devices: none of them is read. */
  readonly strange: SomePaths;
  /** The account may not read them, or the disk can't. */
  readonly unreadable: SomePaths;
  /** Files of an earlier release that this one no longer has, unchanged. They alone do no harm to the state. */
  readonly leftOver: SomePaths;
  readonly tookMs: number;
  /** ISO 8601, UTC. */
  readonly comparedAt: string;
}

const NAMED = 5;

/** Why the files can't be those of the release, in one text; null: they are, but for files left over. */
export function filesProblem(comparison: FilesComparison): FilesFact | null {
  const signature = signatureProblem(comparison);
  if (signature) return signature;
  const { version, stale, missing, altered, lineEnds, strange, unreadable } = comparison;
  const list = (some: SomePaths): string => listPaths(some);
  const found: string[] = [];
  if (stale) found.push(`These files are still those of release ${stale.version}: ${list(stale)}.`);
  if (missing.count > 0) found.push(`These files of release ${version} are missing: ${list(missing)}.`);
  if (altered.count > 0) found.push(`These files are not as release ${version} has them: ${list(altered)}.`);
  if (lineEnds.count > 0) found.push(`Of these files the line ends were changed: ${list(lineEnds)}.`);
  if (strange.count > 0) found.push(`These are links that lead elsewhere, or no files: ${list(strange)}.`);
  if (unreadable.count > 0) found.push(`These files can't be read: ${list(unreadable)}.`);
  if (found.length === 0) return null;
  return { reason: found.join(" "), remedy: filesRemedy(comparison) };
}

/** Null: the signature is right, or nobody asks for one. */
export function signatureProblem({ signature, version }: Pick<FilesComparison, "signature" | "version">): FilesFact | null {
  const remedy = `Upload release.json of release ${version} again, as the vendor ships it. If that does not help, ask the vendor.`;
  switch (signature) {
    case "valid":
    case "unasked":
      return null;
    case "unsigned":
      return { reason: "release.json is not signed, and this application accepts signed releases only.", remedy };
    case "untrusted":
      return { reason: "release.json is signed with a key that this application does not know.", remedy };
    case "broken":
      return { reason: "The signature of release.json does not fit: its content was changed after it had been signed.", remedy };
  }
}

/** `a.js, b.js, … (8)`: five are named. */
export function listPaths({ count, paths }: SomePaths): string {
  const named = paths.slice(0, NAMED).join(", ");
  return count > NAMED ? `${named}, … (${count})` : named;
}

function filesRemedy({ version, missing, altered, lineEnds, stale, strange, unreadable }: FilesComparison): string {
  const onlyUnreadable = missing.count + altered.count + lineEnds.count + strange.count === 0 && stale === null && unreadable.count > 0;
  if (onlyUnreadable) return "Give the account that runs the application the right to read them.";
  return lineEnds.count > 0
    ? `Upload all files of release ${version} again, in binary mode: they are compared again by themselves.`
    : `Upload all files of release ${version} again: they are compared again by themselves.`;
}
