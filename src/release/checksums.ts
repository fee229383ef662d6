import { stat } from "node:fs/promises";
import type { MigrationFile } from "../core/migration.js";
import type { MigrationSet } from "./migration-set.js";

export interface ChecksummedFile extends Pick<MigrationFile, "name" | "version"> {
  /** As in the history, hex; null when the file can't be read. */
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
  async read(migrations: MigrationSet, files: readonly MigrationFile[]): Promise<ChecksummedFile[]> {
    const next = new Map<string, Remembered>();
    const read: ChecksummedFile[] = [];
    for (const file of files) {
      const { name, version } = file;
      const entry = await this.#entry(migrations, file);
      if (entry) next.set(name, entry);
      read.push({ name, version, sha256: entry?.sha256 ?? null });
    }
    this.#known = next;
    return read;
  }

  async #entry(migrations: MigrationSet, file: MigrationFile): Promise<Remembered | null> {
    try {
      const stamp = await stampOf(file);
      const known = this.#known.get(file.name);
      return known?.stamp === stamp ? known : { stamp, sha256: await migrations.checksum(file) };
    } catch {
      return null;
    }
  }
}

/** What comes from a source is code of this process, which does not change. */
async function stampOf({ path }: MigrationFile): Promise<string> {
  if (path === null) return "source";
  const { mtimeMs, size } = await stat(path);
  return `${path}:${mtimeMs}:${size}`;
}
