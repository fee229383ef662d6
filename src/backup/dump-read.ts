import path from "node:path";
import type { BackupManifest, BackupTable, ReadBackupCall } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { decompress } from "./compression.js";
import type { DumpInventory } from "./dump-inventory.js";
import { DumpScanner } from "./dump-scanner.js";
import type { DumpSection } from "./dump-sections.js";
import { damage } from "./failure.js";
import { ProgressTeller } from "./progress.js";
import { stopWith, together } from "./program.js";

/** A dump as it is read: its bytes, and where sections begin among them. */
export type DumpPiece = Buffer | DumpSection;

function tablesOf({ tables, rowsBytes: known }: DumpInventory): BackupTable[] {
  return [...tables].map(([name, rows]) => {
    const rowsBytes = known.get(name);
    return { name, rows, ...(rowsBytes === undefined ? {} : { rowsBytes }) };
  });
}

/** What whoever has read the whole dump before has found out: nothing of it need be looked for again. */
function knownRows({ manifest }: ReadBackupCall): Map<string, number> {
  return new Map(manifest.tables.flatMap(({ name, rowsBytes }) => (rowsBytes === undefined ? [] : [[name, rowsBytes] as const])));
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
 * Reads a dump to its end. `take` gets it piece by piece and is awaited, so that nothing heaps up; without it the tables are
 * resolved with. Rejects with what `take` rejects with, or with `ERR_UPGATE_BACKUP_DAMAGED`, also where the end mark is missing.
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
    const scanner = take ? new DumpScanner(sink, knownRows(call)) : new DumpScanner();
    const progress = new ProgressTeller(call, null);
    const read = async (): Promise<void> => {
      for await (const chunk of output as AsyncIterable<Buffer>) {
        scanner.push(chunk);
        progress.advance(chunk.length, scanner.inventory.section.name || null);
        for (const piece of pieces.splice(0)) await take?.(piece).catch((error: unknown) => Promise.reject((taken.error = error)));
      }
    };
    await together(stop, [read(), ...works]);
    if (!scanner.inventory.complete)
      throw new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", "The dump lacks the mark at its end: it is incomplete.");
    return take ? [] : tablesOf(scanner.inventory);
  } catch (error) {
    throw taken.error ?? damage(error, call.signal);
  }
}
