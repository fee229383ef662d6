import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { sha256, TEMPLATE_BYTES } from "./template-files.js";

/** A template's content as memory and archive keep it. */
export const packContent: (bytes: Buffer) => Promise<Buffer> = promisify(gzip);
const unpack = promisify(gunzip);

/** Null: it is not what its sum says, or larger than a template is. */
export async function unpackContent(packed: Buffer, hash: string): Promise<Buffer | null> {
  const content = await unpack(packed, { maxOutputLength: TEMPLATE_BYTES }).catch(() => null);
  return content !== null && sha256(content) === hash ? content : null;
}

/** A reader finds the old file or the new one, never half of it. */
export async function writeWhole(file: string, content: Buffer | string, mode: number): Promise<void> {
  const part = `${file}.${randomBytes(4).toString("hex")}.part`;
  try {
    await writeFile(part, content, { mode, flag: "wx" });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
