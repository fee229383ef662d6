import { type FilesComparison, filesProblem, signatureProblem } from "../core/release-files.js";
import type { Clock, Logger } from "../core/ports.js";
import type { FilesFact, VersionState, VersionStateKind } from "../core/version-state.js";
import { compareWithManifest, type KnownFiles, type WorkerAnswer } from "../release/integrity.js";
import type { Settings } from "./settings.js";

/** `idle`: there is nothing to compare, or nobody wants it. */
export type FilesReading =
  | { readonly kind: "idle"; readonly because: "off" | "no-manifest" | "not-sealed" }
  | { readonly kind: "compared"; readonly comparison: FilesComparison }
  | { readonly kind: "failed"; readonly problem: string };

interface Latest {
  readonly stamp: string;
  readonly answer: WorkerAnswer;
  readonly atMs: number;
  readonly tookMs: number;
}

/** States in which files are looked at: all that come after `altered`. */
const JUDGED: readonly VersionStateKind[] = ["ahead", "behind", "unversioned", "fresh", "current", "held"];
/** A disk that does not answer keeps nobody waiting longer, ms. */
const LIMIT_MS = 120_000;
/** Altered files are looked at again after this many times what a look takes: the upload may be going on. */
const REST = 20;

/**
 * Compares the files of a sealed release, one comparison at a time for all who ask. A site that is open is not closed by a file that
 * changes then: checks tell of it, and the next start stays closed.
 */
export class Integrity {
  #known: KnownFiles | null = null;
  #latest: Latest | null = null;
  #comparing: Promise<Latest> | null = null;
  #isOpen = false;
  #told = "";
  readonly #closing = new AbortController();

  constructor(
    private readonly settings: Pick<Settings, "options" | "release">,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** For the state; waits for the first comparison. Null: nothing is wrong, or it does not matter in this state. */
  async fact({ kind, filesVersion, codeVersion }: VersionState): Promise<FilesFact | null> {
    const wasOpen = this.#isOpen;
    this.#isOpen = kind === "current" && wasOpen;
    const manifest = this.#manifest();
    if (manifest === null || !JUDGED.includes(kind) || filesVersion !== codeVersion || this.#isOpen) return null;
    if (this.settings.options.integrity === "warn") {
      if (this.#latest?.stamp !== manifest.stamp) void this.#compare(manifest);
      return this.#opened(kind);
    }
    const latest = this.#latest?.stamp === manifest.stamp ? this.#latest : await this.#compare(manifest);
    if (this.#isDue(latest)) void this.#compare(manifest);
    return problemOf(latest, codeVersion) ?? this.#opened(kind);
  }

  /** For checks. `maxAgeMs`: how old the comparison may be. Never rejects. */
  async read(maxAgeMs: number): Promise<FilesReading> {
    const { integrity } = this.settings.options;
    if (integrity === "off") return { kind: "idle", because: "off" };
    if (this.settings.release.paths.manifest === null) return { kind: "idle", because: "no-manifest" };
    const manifest = this.#manifest();
    if (manifest === null) return { kind: "idle", because: "not-sealed" };
    const latest = this.#latest;
    const isFresh = latest?.stamp === manifest.stamp && this.clock.nowMs() - latest.atMs <= maxAgeMs;
    const { answer } = isFresh ? latest : await this.#compare(manifest);
    return answer.kind === "compared" ? answer : { kind: "failed", problem: answer.problem };
  }

  close(): void {
    this.#closing.abort();
  }

  #manifest(): { readonly file: string; readonly stamp: string } | null {
    const { options, release } = this.settings;
    return options.integrity === "off" || this.#closing.signal.aborted ? null : release.comparable(options.publicKeys.length > 0);
  }

  #opened(kind: VersionStateKind): null {
    this.#isOpen = kind === "current";
    return null;
  }

  #isDue(latest: Latest): boolean {
    const restMs = Math.max(this.settings.options.pollMs, REST * latest.tookMs);
    return isWrong(latest) && this.clock.nowMs() - latest.atMs > restMs;
  }

  #compare(manifest: { readonly file: string; readonly stamp: string }): Promise<Latest> {
    this.#comparing ??= this.#look(manifest).finally(() => (this.#comparing = null));
    return this.#comparing;
  }

  async #look({ file, stamp }: { readonly file: string; readonly stamp: string }): Promise<Latest> {
    const startMs = this.clock.nowMs();
    const { publicKeys } = this.settings.options;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(LIMIT_MS)]);
    const answer = await compareWithManifest({ manifest: file, publicKeys, known: this.#known }, signal);
    const atMs = this.clock.nowMs();
    if (answer.kind === "compared") this.#known = answer.known;
    this.#latest = { stamp, answer, atMs, tookMs: atMs - startMs };
    this.#tell(answer);
    return this.#latest;
  }

  /** Each finding once; what closes the site, the state tells. */
  #tell(answer: WorkerAnswer): void {
    if (this.#closing.signal.aborted) return;
    const problem = answer.kind === "compared" ? (filesProblem(answer.comparison)?.reason ?? "") : answer.problem;
    if (problem === this.#told) return;
    this.#told = problem;
    if (answer.kind !== "compared") this.logger.warn(`upgate: the files can't be compared with release.json: ${problem}`);
    else if (problem !== "" && (this.settings.options.integrity === "warn" || this.#isOpen)) this.logger.warn(`upgate: ${problem}`);
  }
}

/** A manifest that is no longer this release's says nothing about this process. */
function problemOf({ answer }: Latest, codeVersion: string): FilesFact | null {
  return answer.kind === "compared" && answer.comparison.version === codeVersion ? filesProblem(answer.comparison) : null;
}

function isWrong({ answer }: Latest): boolean {
  return answer.kind !== "compared" || filesProblem(answer.comparison) !== null || signatureProblem(answer.comparison) !== null;
}
