import { open, rename } from "node:fs/promises";
import path from "node:path";

/** A file's or folder's changes survive a loss of power from here on. */
export async function syncPath(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file, mode 0600, in one step: it is the old one or the new one, whatever happens. */
export async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
  await syncPath(path.dirname(file));
}
