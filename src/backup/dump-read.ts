import path from "node:path";
import type { BackupManifest, BackupTable, ReadBackupCall } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { decompress } from "./compression.js";
import { DumpScanner } from "./dump-scanner.js";
import type { DumpSection } from "./dump-sections.js";
import { damage } from "./failure.js";
import { ProgressTeller } from "./progress.js";
import { stopWith, together } from "./program.js";

/** A dump as it is read: its bytes, and where sections begin among them. */
export type DumpPiece = Buffer | DumpSection;

function tablesOf(scanner: DumpScanner): BackupTable[] {
  return [...scanner.tables].map(([name, rows]) => ({ name, rows }));
}

interface ReadDumpOptions {
  readonly path: string;
  readonly alterDatabase?: (line: Buffer) => Buffer;
}

/** Throws `ERR_UPGATE_BACKUP_DAMAGED`. */
export function dumpFile(folder: string, manifest: BackupManifest): string {
  const file = manifest.files.find(({ name }) => /^(?:dump|structure)\.sql\.(?:zst|gz)$/.test(name));
  if (file) return path.join(folder, file.name);
  throw new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", "The manifest names no dump.");
}

/**
 * Reads a dump to its end and hands it on piece by piece; `take` is awaited, so that nothing heaps up. Rejects with what `take` rejects
 * with, or with `ERR_UPGATE_BACKUP_DAMAGED`, also where the end mark is missing.
 */
export async function readDump(
  file: string,
  call: ReadBackupCall,
  options: ReadDumpOptions,
  take: ((piece: DumpPiece) => Promise<void>) | null,
): Promise<BackupTable[]> {
  using stop = stopWith(call.signal);
  const taken: { error?: unknown } = {};
  try {
    const { output, works } = decompress(file, options.path, stop.signal);
    const pieces: DumpPiece[] = [];
    const sink = {
      section: (section: DumpSection) => void pieces.push(section),
      bytes: (bytes: Buffer) => void pieces.push(bytes),
      alterDatabase: options.alterDatabase ?? ((line: Buffer) => line),
    };
    const scanner = new DumpScanner(take ? sink : null);
    const progress = new ProgressTeller(call, null);
    const read = async (): Promise<void> => {
      for await (const chunk of output as AsyncIterable<Buffer>) {
        scanner.push(chunk);
        progress.advance(chunk.length, scanner.section.name || null);
        for (const piece of pieces.splice(0)) await take?.(piece).catch((error: unknown) => Promise.reject((taken.error = error)));
      }
    };
    await together(stop, [read(), ...works]);
    if (!scanner.complete) throw new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", "The dump lacks the mark at its end: it is incomplete.");
    return tablesOf(scanner);
  } catch (error) {
    throw taken.error ?? damage(error, call.signal);
  }
}
