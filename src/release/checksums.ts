import { stat } from "node:fs/promises";
import type { MigrationFile } from "../core/migration.js";
import { migrationChecksum } from "./migrations.js";

export interface ChecksummedFile extends Pick<MigrationFile, "name" | "version"> {
  /** SHA-256 with line ends normalised, hex; null when the file can't be read. */
  readonly sha256: string | null;
}

interface Remembered {
  readonly stamp: string;
  readonly sha256: string;
}

/** Checksums of the migrations, for pages that are opened often: a file is read again only when its time or size changed. */
export class Checksums {
  #known = new Map<string, Remembered>();

  /** In the order given. What is remembered is bounded by the files of the last call. */
  async read(files: readonly MigrationFile[]): Promise<ChecksummedFile[]> {
    const next = new Map<string, Remembered>();
    const read: ChecksummedFile[] = [];
    for (const { name, version, path } of files) {
      const entry = await this.#entry(path);
      if (entry) next.set(path, entry);
      read.push({ name, version, sha256: entry?.sha256 ?? null });
    }
    this.#known = next;
    return read;
  }

  async #entry(path: string): Promise<Remembered | null> {
    try {
      const { mtimeMs, size } = await stat(path);
      const stamp = `${mtimeMs}:${size}`;
      const known = this.#known.get(path);
      return known?.stamp === stamp ? known : { stamp, sha256: await migrationChecksum(path) };
    } catch {
      return null;
    }
  }
}
