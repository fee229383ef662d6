import { type Dirent, readdirSync } from "node:fs";
import { messageOf, UpgateError } from "../core/errors.js";
import { FileHasher, ReleaseFolder } from "./file-hash.js";
import { isRelativePath } from "./manifest.js";
import type { LeftOut } from "./seal-rules.js";

const MOST_PROBLEMS = 10;

/**
 * SHA-256 of each file below the folder, by its path in order. A link to a file within counts as that file; a linked folder is not
 * walked: its files are listed where they lie. Throws `ERR_UPGATE_SEAL` with everything that can't be shipped: links that lead out of the
 * folder, names that not every system can have, what is no file, what can't be read.
 */
export function hashFiles(folder: string, isLeftOut: LeftOut): Map<string, string> {
  const hasher = new FileHasher();
  const within = new ReleaseFolder(folder);
  const hashes: [string, string][] = [];
  const problems: string[] = [];
  for (const { file, problem } of walk(within, "", isLeftOut)) {
    if (problem !== null) problems.push(`${file} ${problem}`);
    else hashFile(within, hasher, file, hashes, problems);
  }
  if (problems.length > 0) throw unsealable(folder, problems);
  return new Map(hashes.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

interface Walked {
  readonly file: string;
  readonly problem: string | null;
}

function* walk(within: ReleaseFolder, parent: string, isLeftOut: LeftOut): Generator<Walked> {
  let entries: Dirent[];
  try {
    entries = readdirSync(within.pathOf(parent), { withFileTypes: true });
  } catch (error) {
    return yield { file: parent || ".", problem: `can't be read: ${messageOf(error)}` };
  }
  for (const entry of entries) {
    const file = parent === "" ? entry.name : `${parent}/${entry.name}`;
    if (isLeftOut(entry.isDirectory() ? `${file}/` : file)) continue;
    if (!isRelativePath(file)) yield { file: JSON.stringify(file), problem: "has a name that not every system can have" };
    else if (entry.isDirectory()) yield* walk(within, file, isLeftOut);
    else if (entry.isFile()) yield { file, problem: null };
    else if (entry.isSymbolicLink()) yield* linked(within, file);
    else yield { file, problem: "is no file" };
  }
}

function* linked(within: ReleaseFolder, file: string): Generator<Walked> {
  const found = within.find(file);
  if (found.kind === "file") yield { file, problem: null };
  else if (!within.isFolderWithin(file)) yield { file, problem: "is a link that leads out of the folder, or to nothing" };
}

function hashFile(within: ReleaseFolder, hasher: FileHasher, file: string, hashes: [string, string][], problems: string[]): void {
  const found = within.find(file);
  try {
    if (found.kind === "file") hashes.push([file, hasher.hash(within.pathOf(file), found.stat.size)]);
    else problems.push(`${file} can't be read`);
  } catch (error) {
    problems.push(`${file} can't be read: ${messageOf(error)}`);
  }
}

function unsealable(folder: string, problems: readonly string[]): UpgateError {
  const more = problems.length > MOST_PROBLEMS ? ` … (${problems.length})` : "";
  return new UpgateError("ERR_UPGATE_SEAL", `${folder} can't be sealed: ${problems.slice(0, MOST_PROBLEMS).join("; ")}${more}.`, {
    remedy: "Put the files themselves there, or leave them out: in .upgateignore, or with --exclude.",
  });
}
