import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import zlib from "node:zlib";
import { messageOf, UpgateError } from "../core/errors.js";
import { decompress } from "./compression.js";
import { syncPath } from "./durable.js";
import { stopWith, together } from "./program.js";

/** Below the backup's folder: the files with rows, and which table's they are. */
export const ROWS_FOLDER = "rows";
const INDEX = "rows.json";
const METADATA = `${ROWS_FOLDER}/metadata`;
const HEAD_BYTES = 4096;

/** Of each table that has rows its files, below the backup's folder, in their order. */
export type RowFiles = ReadonlyMap<string, readonly string[]>;

/** Finishes what mydumper has written: nobody else may read it, and an index tells whose rows a file holds. */
export async function writeRowIndex(folder: string): Promise<void> {
  const rows = path.join(folder, ROWS_FOLDER);
  const files = new Map<string, string[]>();
  for (const name of readdirSync(rows).toSorted()) {
    const file = path.join(rows, name);
    await chmod(file, 0o600);
    if (!name.endsWith(".sql.gz")) continue;
    const table = tableOf(file);
    files.set(table, [...(files.get(table) ?? []), `${ROWS_FOLDER}/${name}`]);
  }
  await writeFile(path.join(folder, INDEX), `${JSON.stringify([...files], null, 1)}\n`, { mode: 0o600, flag: "wx" });
  await syncPath(rows);
}

/** The name of a file does not tell: both parts of `a.b.c` may have dots. */
function tableOf(file: string): string {
  const table = /^INSERT INTO `([^`]+)`/m.exec(headOf(file))?.[1];
  if (table !== undefined) return table;
  throw new Error(`mydumper has left ${path.basename(file)} without a row.`);
}

function headOf(file: string): string {
  const bytes = Buffer.alloc(HEAD_BYTES);
  const descriptor = openSync(file, "r");
  try {
    const length = readSync(descriptor, bytes, 0, HEAD_BYTES, 0);
    return zlib.gunzipSync(bytes.subarray(0, length), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString("utf8");
  } finally {
    closeSync(descriptor);
  }
}

/** Throws `ERR_UPGATE_BACKUP_DAMAGED`, also where mydumper has not told its end. */
export function readRowIndex(folder: string): RowFiles {
  try {
    if (!readFileSync(path.join(folder, METADATA), "utf8").includes("Finished dump at"))
      throw new Error("mydumper has not come to its end.");
    const entries = JSON.parse(readFileSync(path.join(folder, INDEX), "utf8")) as [string, string[]][];
    const strange = entries
      .flatMap(([, files]) => files)
      .find((file) => path.normalize(file) !== file || !file.startsWith(`${ROWS_FOLDER}/`));
    if (strange !== undefined) throw new Error(`${INDEX} names a file outside its folder: ${strange}`);
    return new Map(entries);
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_BACKUP_DAMAGED", `The backup does not tell whose rows its files hold: ${messageOf(cause)}`, {
      cause,
    });
  }
}

export interface ReadRowsOptions {
  /** Where programs are looked for. */
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Reads a file to its end; `take` is awaited. Rejects with what `take` rejects with, or with why the file can't be read. */
export async function readRows(
  file: string,
  { path: searchPath, signal }: ReadRowsOptions,
  take: (bytes: Buffer) => unknown,
): Promise<void> {
  using stop = stopWith(signal);
  const { output, works } = decompress(file, searchPath, stop.signal);
  const read = async (): Promise<void> => {
    for await (const chunk of output as AsyncIterable<Buffer>) await take(chunk);
  };
  await together(stop, [read(), ...works]);
}
