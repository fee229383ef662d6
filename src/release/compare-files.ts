import type { BigIntStats } from "node:fs";
import { FileHasher, ReleaseFolder } from "./file-hash.js";
import { FormerIndex } from "./former-files.js";
import type { ReleaseManifest } from "./manifest.js";

export const MOST_NAMED = 50;
const STAMP_NUMBERS = 4;
const DONE = 1;

type FindingKind = "missing" | "altered" | "lineEnds" | "stale" | "strange" | "unreadable" | "leftOver";

/** How many there are, and the first ones by their place in the manifest. */
interface Finding {
  count: number;
  readonly first: { readonly index: number; readonly path: string; readonly versions: readonly string[] }[];
}

/** What one thread has found of the files that it took. */
export interface Findings {
  readonly found: Readonly<Record<FindingKind, Finding>>;
  /** By version: how many of the stale files had that content then. */
  readonly staleIn: Map<string, number>;
}

/**
 * What threads share: who takes which file, what is done, and the stamps of the files that were found right. A file with the same stamp is
 * not read again.
 */
export class SharedProgress {
  readonly #next: Int32Array;
  readonly #done: Uint8Array;
  readonly #stamps: BigInt64Array;

  constructor(
    readonly counters: SharedArrayBuffer,
    readonly stamps: SharedArrayBuffer,
  ) {
    this.#next = new Int32Array(counters, 0, 1);
    this.#done = new Uint8Array(counters, Int32Array.BYTES_PER_ELEMENT);
    this.#stamps = new BigInt64Array(stamps);
  }

  /** `stamps`: of an earlier comparison with the same manifest. */
  static of(files: number, stamps: SharedArrayBuffer | null): SharedProgress {
    const bytes = files * STAMP_NUMBERS * BigInt64Array.BYTES_PER_ELEMENT;
    return new SharedProgress(
      new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT + files),
      stamps?.byteLength === bytes ? stamps : new SharedArrayBuffer(bytes),
    );
  }

  /** The next `count` files for this thread, from here. */
  take(count: number): number {
    return Atomics.add(this.#next, 0, count);
  }

  isDone(index: number): boolean {
    return this.#done[index] === DONE;
  }

  done(index: number): void {
    this.#done[index] = DONE;
  }

  isUnchanged(index: number, stat: BigIntStats): boolean {
    return stampOf(stat).every((number, at) => this.#stamps[index * STAMP_NUMBERS + at] === number);
  }

  remember(index: number, stat: BigIntStats | null): void {
    this.#stamps.set(stat ? stampOf(stat) : [0n, 0n, 0n, 0n], index * STAMP_NUMBERS);
  }
}

function stampOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): [bigint, bigint, bigint, bigint] {
  return [size, mtimeNs, ctimeNs, BigInt.asIntN(64, ino)];
}

/** One thread's part of a comparison. Synchronous. */
export class FilesComparer {
  readonly findings: Findings = {
    found: { missing: none(), altered: none(), lineEnds: none(), stale: none(), strange: none(), unreadable: none(), leftOver: none() },
    staleIn: new Map(),
  };
  readonly #paths: readonly string[];
  readonly #hashes: NonNullable<ReleaseManifest["files"]>;
  readonly #former: FormerIndex;
  readonly #hasher = new FileHasher();
  readonly #folder: ReleaseFolder;

  constructor(
    { files = {}, formerFiles = {} }: Pick<ReleaseManifest, "files" | "formerFiles">,
    folder: string,
    private readonly progress: SharedProgress,
  ) {
    this.#paths = Object.keys(files);
    this.#hashes = files;
    this.#former = new FormerIndex(formerFiles);
    this.#folder = new ReleaseFolder(folder);
  }

  /** Takes the next files, `count` at most; false: there are none left. */
  compareSome(count: number): boolean {
    const from = this.progress.take(count);
    if (from >= this.#paths.length) return false;
    for (let index = from; index < Math.min(from + count, this.#paths.length); index++) this.#compare(index);
    return true;
  }

  /** Those that another thread has taken and not finished. */
  compareRest(): void {
    for (let index = 0; index < this.#paths.length; index++) if (!this.progress.isDone(index)) this.#compare(index);
  }

  compareLeftOver(): void {
    for (const [index, path] of this.#former.gone(this.#hashes).entries()) {
      const found = this.#folder.find(path);
      if (found.kind !== "file") continue;
      const hash = this.#read(path, found.stat);
      if (hash !== null && this.#former.versionsWith(path, hash).length > 0) this.#add("leftOver", index, path);
    }
  }

  #compare(index: number): void {
    const path = this.#paths[index] as string;
    const found = this.#folder.find(path);
    if (found.kind === "file") this.#compareContent(index, path, found.stat);
    else this.#add(found.kind === "elsewhere" ? "strange" : found.kind, index, path);
    this.progress.done(index);
  }

  #compareContent(index: number, path: string, stat: BigIntStats): void {
    if (this.progress.isUnchanged(index, stat)) return;
    const expected = this.#hashes[path] as string;
    const hash = this.#read(path, stat);
    const isRight = hash === expected;
    this.progress.remember(index, isRight ? stat : null);
    if (isRight) return;
    if (hash === null) return this.#add("unreadable", index, path);
    const versions = this.#former.versionsWith(path, hash);
    for (const version of versions) this.findings.staleIn.set(version, (this.findings.staleIn.get(version) ?? 0) + 1);
    if (versions.length > 0) this.#add("stale", index, path, versions);
    else this.#add(this.#hasher.differsByLineEnds(expected) ? "lineEnds" : "altered", index, path);
  }

  #read(path: string, stat: BigIntStats): string | null {
    try {
      return this.#hasher.hash(this.#folder.pathOf(path), stat.size);
    } catch {
      return null;
    }
  }

  #add(kind: FindingKind, index: number, path: string, versions: readonly string[] = []): void {
    const finding = this.findings.found[kind];
    finding.count += 1;
    if (finding.first.length < MOST_NAMED) finding.first.push({ index, path, versions });
  }
}

function none(): Finding {
  return { count: 0, first: [] };
}
