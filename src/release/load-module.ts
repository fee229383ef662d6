import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** By file, the checksum of what this process has loaded first. */
const loadedFirst = new Map<string, string>();

/**
 * Imports a file of the vendor's, ES module or CommonJS. With `checksum`, a file that was corrected since this process has
 * loaded it is loaded again: Node keeps modules by their address. TypeScript goes by the host's loader: one for `import` (tsx, Node
 * 22.18 and later by itself) or, where that declines, one for `require` (ts-node/register).
 */
export async function loadModule(file: string, checksum = ""): Promise<Readonly<Record<string, unknown>>> {
  const require = createRequire(file);
  const first = loadedFirst.get(file) ?? checksum;
  loadedFirst.set(file, first);
  if (first !== checksum) delete require.cache[file];
  try {
    return (await import(`${pathToFileURL(file).href}${first === checksum ? "" : `?sha256=${checksum}`}`)) as Record<string, unknown>;
  } catch (error) {
    const isUnknown = (error as NodeJS.ErrnoException).code === "ERR_UNKNOWN_FILE_EXTENSION";
    if (!isUnknown) throw error;
    const extension = file.slice(file.lastIndexOf("."));
    if (require.extensions[extension]) return require(file) as Record<string, unknown>;
    throw new Error(
      `this Node.js can't load ${extension} files by itself: start it with a loader (node --import tsx), or ship JavaScript`,
      {
        cause: error,
      },
    );
  }
}
