import { createHash, hash } from "node:crypto";
import { type BigIntStats, closeSync, constants, lstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import path from "node:path";

/** `elsewhere`: a link that leads out of the folder, a link to nothing, or no plain file. */
export type FoundFile =
  | { readonly kind: "file"; readonly stat: BigIntStats }
  | { readonly kind: "missing" }
  | { readonly kind: "elsewhere" }
  | { readonly kind: "unreadable" };

const BUFFER_BYTES = 1024 * 1024;
/** Where the system has them: no link is followed that was laid since the look, and no pipe is waited for. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Finds the files of a release below one folder, and never leads out of it. Synchronous: for a worker thread or a command. */
export class ReleaseFolder {
  /** With its links resolved. */
  readonly root: string;
  readonly #folders = new Map<string, boolean>();

  /** Throws where there is no such folder. */
  constructor(folder: string) {
    this.root = realpathSync.native(folder);
  }

  /** Absolute. */
  pathOf(file: string): string {
    return path.sep === "/" ? `${this.root}/${file}` : path.join(this.root, file);
  }

  find(file: string): FoundFile {
    try {
      const parent = file.lastIndexOf("/");
      if (parent > 0 && !this.#isWithin(file.slice(0, parent))) return { kind: "elsewhere" };
      const full = this.pathOf(file);
      const own = lstatSync(full, { bigint: true });
      if (own.isFile()) return { kind: "file", stat: own };
      if (!own.isSymbolicLink() || !this.#leadsWithin(full)) return { kind: "elsewhere" };
      const target = statSync(full, { bigint: true });
      return target.isFile() ? { kind: "file", stat: target } : { kind: "elsewhere" };
    } catch (error) {
      return { kind: kindOf(error) };
    }
  }

  /** Whether there is a folder, be it by a link, that lies within. */
  isFolderWithin(file: string): boolean {
    try {
      return this.#leadsWithin(this.pathOf(file)) && statSync(this.pathOf(file)).isDirectory();
    } catch {
      return false;
    }
  }

  /** Whether the folder, links resolved, lies below the root; throws as `realpath` does. */
  #isWithin(folder: string): boolean {
    let within = this.#folders.get(folder);
    if (within === undefined) {
      within = this.#leadsWithin(this.pathOf(folder));
      this.#folders.set(folder, within);
    }
    return within;
  }

  #leadsWithin(full: string): boolean {
    const real = realpathSync.native(full);
    return real === this.root || real.startsWith(this.root.endsWith(path.sep) ? this.root : this.root + path.sep);
  }
}

function kindOf(error: unknown): "missing" | "elsewhere" | "unreadable" {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
    case "ENOTDIR":
      return "missing";
    case "ELOOP":
      return "elsewhere";
    default:
      return "unreadable";
  }
}

/** Reads files of any size through one buffer. Synchronous, as `ReleaseFolder`. */
export class FileHasher {
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #held = 0;

  /** SHA-256, hex. `size`: bytes, as just told. Throws as the file system does. */
  hash(full: string, size: bigint): string {
    const fd = openSync(full, READ_FLAGS);
    try {
      this.#held = this.#fill(fd, Number(size));
      if (this.#held < BUFFER_BYTES) return hash("sha256", this.#buffer.subarray(0, this.#held));
      const sum = createHash("sha256");
      for (let bytes = this.#held; bytes > 0; bytes = this.#fill(fd, Infinity)) sum.update(this.#buffer.subarray(0, bytes));
      return sum.digest("hex");
    } finally {
      closeSync(fd);
    }
  }

  /** Whether the file hashed last has this hash when its line ends are the other system's. Files of 1 MiB and more are not looked at. */
  differsByLineEnds(expected: string): boolean {
    if (this.#held >= BUFFER_BYTES) return false;
    const text = this.#buffer.toString("latin1", 0, this.#held);
    const other = text.includes("\r\n") ? text.replaceAll("\r\n", "\n") : text.replaceAll("\n", "\r\n");
    return hash("sha256", Buffer.from(other, "latin1")) === expected;
  }

  /** As much as there is, up to the buffer's end. Who got as much as was told need not ask for the end. */
  #fill(fd: number, told: number): number {
    let filled = 0;
    while (filled < BUFFER_BYTES && filled !== told) {
      const bytes = readSync(fd, this.#buffer, filled, BUFFER_BYTES - filled, null);
      if (bytes === 0) break;
      filled += bytes;
    }
    return filled;
  }
}
