import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { messageOf, UpgateError } from "../core/errors.js";
import type { MigrationFile } from "../core/migration.js";
import type { ReleaseFacts } from "../core/version-state.js";
import { type FileHashes, manifestStamp, readManifest, type ManifestReading, type ReleaseManifest } from "./manifest.js";
import type { MigrationListing, MigrationSet } from "./migration-set.js";

/** Absolute paths of what the code ships for an upgrade. */
export interface ReleasePaths {
  readonly codeVersion: string;
  /** Null where the migrations come from a source. */
  readonly migrations: string | null;
  readonly license: string | null;
  /** A path, or an https address to link to. */
  readonly releaseNotes: string | null;
  readonly manifest: string | null;
}

/** The release on disk, as it is now. */
export interface ReleaseReading {
  readonly files: readonly MigrationFile[];
  readonly filesVersion: string;
  readonly facts: ReleaseFacts;
}

/** Reads the release's files; the manifest again only when it changed. */
export class Release {
  #stamp: string | null | undefined;
  #manifest: ManifestReading | null = null;
  #isComparable = false;

  constructor(
    readonly paths: ReleasePaths,
    readonly migrations: MigrationSet,
  ) {}

  /** The files version: the manifest's; without one the code version, because nothing else tells. */
  filesVersion(): string {
    const manifest = this.#readManifest();
    return manifest?.kind === "read" ? manifest.manifest.version : this.paths.codeVersion;
  }

  /** The manifest as it is now, where its files can be compared; `anyway`: also where only its signature can be. Null: there is none. */
  comparable(anyway: boolean): { readonly file: string; readonly stamp: string } | null {
    const { manifest: file } = this.paths;
    const reading = this.#readManifest();
    if (file === null || typeof this.#stamp !== "string" || reading?.kind !== "read") return null;
    return this.#isComparable || anyway ? { file, stamp: this.#stamp } : null;
  }

  async read(): Promise<ReleaseReading> {
    const { files, problems } = await this.#list();
    const reading = this.#readManifest();
    const missing = problems.map(({ message }) => message);
    if (reading?.kind === "invalid")
      return {
        files,
        filesVersion: this.paths.codeVersion,
        facts: { missingFiles: [...missing, `a usable release.json (${reading.problem})`] },
      };
    if (!reading) return { files, filesVersion: this.paths.codeVersion, facts: missing.length > 0 ? { missingFiles: missing } : {} };
    const { version, migrations } = reading.manifest;
    const present = new Set(files.map((file) => file.name));
    return {
      files,
      filesVersion: version,
      facts: { ...demandsOf(reading.manifest), missingFiles: [...missing, ...(migrations ?? []).filter((name) => !present.has(name))] },
    };
  }

  /** Markdown and its SHA-256; null when the release has no licence. */
  async license(): Promise<{ readonly markdown: string; readonly hash: string } | null> {
    if (this.paths.license === null) return null;
    const markdown = await readFile(this.paths.license, "utf8");
    return { markdown, hash: createHash("sha256").update(markdown).digest("hex") };
  }

  /** The changelog's Markdown, or the address where the notes are; null when the release has none. */
  async notes(): Promise<{ readonly markdown: string } | { readonly url: string } | null> {
    const { releaseNotes } = this.paths;
    if (releaseNotes === null) return null;
    return /^https?:/.test(releaseNotes) ? { url: releaseNotes } : { markdown: await readFile(releaseNotes, "utf8") };
  }

  /** The stock templates' sums by version, of this release and of earlier ones, as far as the manifest tells of them. */
  templateHistory(): Readonly<Record<string, FileHashes>> {
    const reading = this.#readManifest();
    if (reading?.kind !== "read") return {};
    const { version, templates, templateHistory } = reading.manifest;
    return { ...templateHistory, ...(templates ? { [version]: templates } : {}) };
  }

  async #list(): Promise<MigrationListing> {
    try {
      return await this.migrations.list();
    } catch (cause) {
      throw new UpgateError("ERR_UPGATE_MIGRATION_INVALID", `The migrations can't be listed: ${messageOf(cause)}`, {
        cause,
        remedy: "Make sure that the application may read the folder of the migrations, or upload a corrected release.",
      });
    }
  }

  #readManifest(): ManifestReading | null {
    const { manifest } = this.paths;
    if (manifest === null) return null;
    const stamp = manifestStamp(manifest);
    if (stamp !== this.#stamp) {
      const reading = readManifest(manifest);
      this.#isComparable = reading.kind === "read" && reading.manifest.files !== undefined;
      this.#manifest = withoutFiles(reading);
      this.#stamp = stamp;
    }
    return this.#manifest;
  }
}

const DEMANDS = ["kind", "appliesTo", "upgradeFrom", "requiredStops", "prunedBefore"] as const;

/** Without the hashes, which may be many. */
function demandsOf(manifest: ReleaseManifest): ReleaseFacts {
  return Object.fromEntries(DEMANDS.filter((name) => manifest[name] !== undefined).map((name) => [name, manifest[name]]));
}

/** There may be twenty thousand, and only a thread of its own compares them. */
function withoutFiles(reading: ManifestReading): ManifestReading {
  if (reading.kind === "invalid") return reading;
  const { files: _files, formerFiles: _former, ...manifest } = reading.manifest;
  return { kind: "read", manifest };
}
