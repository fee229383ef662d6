import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { vendorKeys } from "../../test/support/vendor-keys.js";
import { signed } from "../../src/release/signature.js";

export interface BenchRelease {
  readonly manifest: string;
  readonly publicKey: string;
  /** The files' names, each ended by NUL, as `xargs -0` takes them. */
  readonly list: string;
  readonly bytes: number;
}

const FILES_IN_FOLDER = 40;
/** Most files of an application are small, a few are large: sizes grow as the fourth power. */
const STEEPNESS = 4;

/** The same files each time, of about `bytes` together, and their signed manifest. */
export function makeRelease(folder: string, files: number, bytes: number): BenchRelease {
  const sizes = Array.from({ length: files }, (_, index) => ((index * 7919) % files) ** STEEPNESS);
  const scale = bytes / sizes.reduce((sum, size) => sum + size, 0);
  const content = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 167 + (index >> 8) * 13) & 0xff));
  const hashes: [string, string][] = sizes.map((size, index) => {
    const name = `app/part-${Math.floor(index / FILES_IN_FOLDER)}/file-${index}.js`;
    const length = Math.max(64, Math.round(size * scale));
    const data = Buffer.alloc(length, content);
    data.writeUInt32LE(index);
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), data);
    return [name, createHash("sha256").update(data).digest("hex")];
  });
  const { privateKey, publicKey } = vendorKeys();
  const manifest = path.join(folder, "release.json");
  const list = path.join(folder, "files.list");
  writeFileSync(manifest, JSON.stringify(signed({ version: "8.6.1", files: Object.fromEntries(hashes) }, privateKey), null, 2));
  writeFileSync(list, hashes.map(([name]) => `${name}\0`).join(""));
  return { manifest, publicKey, list, bytes: sizes.reduce((sum, size) => sum + Math.max(64, Math.round(size * scale)), 0) };
}
