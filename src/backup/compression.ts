import { closeSync, openSync } from "node:fs";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { Readable, Writable } from "node:stream";
import zlib from "node:zlib";
import type { BackupFile } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { findProgram } from "./find-program.js";
import { type Program, startProgram } from "./program.js";
import { writeHashed } from "./written-file.js";

export type Compression = "zstd" | "gzip";

/** Level 1 keeps pace with the dump; the tool's own default takes thrice the time for a tenth less. */
const GZIP_LEVEL = 1;
/** Its default level, on all cores. */
export const ZSTD_OPTIONS = ["-q", "-3", "-T0", "-c"];

export interface CompressedFile {
  readonly compression: Compression;
  /** Takes what is to be compressed. */
  readonly input: Writable;
  /** Resolves when everything is in the file. */
  readonly written: Promise<BackupFile>;
  /** All that must go well. */
  readonly works: readonly Promise<unknown>[];
}

/** zstd where it is installed, on all cores and in a process of its own; else Node's gzip. `name`: without the ending. */
export function compressTo(folder: string, name: string, searchPath: string, signal: AbortSignal): CompressedFile {
  const zstd = findProgram("zstd", searchPath);
  if (zstd !== null) {
    const program = startProgram(zstd, ZSTD_OPTIONS, { path: searchPath, signal, secrets: [] });
    const written = writeHashed(program.stdout, `${folder}/${name}.zst`, signal);
    return { compression: "zstd", input: program.stdin as Writable, written, works: [program.ended, written] };
  }
  const gzip = zlib.createGzip({ level: GZIP_LEVEL });
  const written = writeHashed(gzip, `${folder}/${name}.gz`, signal);
  return { compression: "gzip", input: gzip, written, works: [written] };
}

/**
 * The same for what a program puts out, which has just been started. Between it and zstd nothing passes through this process: on a small
 * machine that costs a fifth of the time.
 */
export function compressOutput(
  folder: string,
  name: string,
  searchPath: string,
  from: Program,
  signal: AbortSignal,
): Omit<CompressedFile, "input"> {
  const zstd = findProgram("zstd", searchPath);
  if (zstd !== null) {
    const program = startProgram(zstd, ZSTD_OPTIONS, { path: searchPath, signal, secrets: [], stdin: from });
    const written = writeHashed(program.stdout, `${folder}/${name}.zst`, signal);
    return { compression: "zstd", written, works: [program.ended, written] };
  }
  const { input, works, ...rest } = compressTo(folder, name, searchPath, signal);
  return { ...rest, works: [pipeline(from.stdout, input, { signal }), ...works] };
}

/**
 * Reads a compressed file by its ending. The consumer has to read `output` to its end, and `works` must go well, too. Throws
 * `ERR_UPGATE_BACKUP_TOOL` where nothing here understands it.
 */
export function decompress(
  file: string,
  searchPath: string,
  signal: AbortSignal,
): { output: Readable; works: readonly Promise<unknown>[] } {
  if (file.endsWith(".gz")) return through(file, zlib.createGunzip({ chunkSize: 256 * 1024 }), signal);
  const zstd = findProgram("zstd", searchPath);
  if (zstd !== null) {
    const descriptor = openSync(file, "r");
    try {
      const program = startProgram(zstd, ["-q", "-d", "-c"], { path: searchPath, signal, secrets: [], stdin: descriptor });
      return { output: program.stdout, works: [program.ended] };
    } finally {
      closeSync(descriptor);
    }
  }
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => zlib.Gunzip };
  if (createZstdDecompress) return through(file, createZstdDecompress(), signal);
  throw new UpgateError("ERR_UPGATE_BACKUP_TOOL", "The backup is compressed with zstd, and that program is not installed.", {
    remedy: "Install the package zstd.",
  });
}

function through(file: string, decoder: zlib.Gunzip, signal: AbortSignal): { output: Readable; works: readonly Promise<unknown>[] } {
  return { output: decoder, works: [pipeline(createReadStream(file), decoder, { signal, end: true })] };
}
