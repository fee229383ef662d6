import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import path from "node:path";
import type { BackupFile, CreateBackupCall } from "../core/backup.js";

/** A call of `create` that wants to hear of files whose checksum was taken while they were written. */
export interface RecordedCreateCall extends CreateBackupCall {
  readonly onFile?: (file: BackupFile) => void;
}

/** Writes a stream to a new file, mode 0600, and takes its checksum on the way. */
export async function writeHashed(source: Readable, file: string, signal: AbortSignal): Promise<BackupFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  await pipeline(
    source,
    async function* hashing(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(file, { flags: "wx", mode: 0o600 }),
    { signal },
  );
  return { name: path.basename(file), bytes, sha256: hash.digest("hex") };
}

/** Reads a file to its end. */
export async function hashFile(file: string, signal?: AbortSignal): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024, ...(signal ? { signal } : {}) })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
