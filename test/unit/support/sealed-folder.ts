import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import type { FilesComparison } from "../../../src/core/release-files.js";
import { compareWithManifest, type KnownFiles } from "../../../src/release/integrity.js";
import type { ReleaseManifest } from "../../../src/release/manifest.js";
import { leftOut, type SealRules } from "../../../src/release/seal-rules.js";
import { sealRelease } from "../../../src/release/sealing.js";
import { tempFolder } from "./temp-folder.js";

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A release in a folder of its own. */
export interface SealedFolder {
  readonly folder: string;
  readonly manifest: ReleaseManifest;
  write(file: string, content: string | Uint8Array): void;
  remove(file: string): void;
  /** Puts these members into release.json. */
  rewrite(change: object): void;
}

interface SealWith {
  readonly version?: string;
  readonly about?: Partial<ReleaseManifest>;
  readonly previous?: readonly ReleaseManifest[];
  readonly rules?: Partial<SealRules>;
}

export function sealFolder(folder: string, { version = "8.6.1", about = {}, previous = [], rules = {} }: SealWith = {}): ReleaseManifest {
  const never = [path.join(folder, "release.json")];
  return sealRelease({
    folder,
    isLeftOut: leftOut(folder, { exclude: [], include: [], own: [], never, ...rules }),
    templates: null,
    about: { version, ...about },
    previous,
    sealedAt: "2026-11-01T00:00:00.000Z",
  }).manifest;
}

/** Writes the files and their `release.json`. */
export function sealedFolder(t: TestContext, files: Files, options: SealWith = {}): SealedFolder {
  const folder = tempFolder(t, files);
  const manifest = sealFolder(folder, options);
  const write = (file: string, content: string | Uint8Array): void => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  };
  const rewrite = (change: object): void => write("release.json", JSON.stringify({ ...manifest, ...change }));
  rewrite({});
  return { folder, manifest, write, rewrite, remove: (file) => rmSync(path.join(folder, file), { recursive: true }) };
}

/** As an upload does it: what is there and not in the upload stays. */
export function uploadOver(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
}

export async function compared(
  folder: string,
  { publicKeys = [], known = null }: { readonly publicKeys?: readonly string[]; readonly known?: KnownFiles | null } = {},
): Promise<{ readonly comparison: FilesComparison; readonly known: KnownFiles }> {
  const answer = await compareWithManifest({ manifest: path.join(folder, "release.json"), publicKeys, known });
  if (answer.kind !== "compared") throw new Error(`${answer.kind}: ${answer.problem}`);
  return answer;
}

/** What was found, without what is empty. */
export function foundIn({ missing, altered, lineEnds, stale, strange, unreadable, leftOver }: FilesComparison): object {
  const lists = { missing, altered, lineEnds, strange, unreadable, leftOver };
  const some = Object.entries(lists).filter(([, { count }]) => count > 0);
  return {
    ...Object.fromEntries(some.map(([name, { paths }]) => [name, paths])),
    ...(stale ? { stale: [stale.version, ...stale.paths] } : {}),
  };
}
