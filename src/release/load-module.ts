import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);

export type LoadedModule = Readonly<Record<string, unknown>>;

/** By file, the checksum of what this process has imported first. */
const importedFirst = new Map<string, string>();

/** By file, the checksum of what `require` holds now. */
const requiredLast = new Map<string, string>();

/**
 * Loads a file of the vendor's, ES module or CommonJS. With `checksum`, a file that was corrected since this process has
 * loaded it is loaded again: Node keeps modules by their address. TypeScript goes by the host's loader: one for `import` (tsx, Node
 * 22.18 and later by itself) or, where that declines, one for `require` (ts-node/register).
 */
export async function loadModule(file: string, checksum = ""): Promise<LoadedModule> {
  const first = importedFirst.get(file) ?? checksum;
  importedFirst.set(file, first);
  if (first !== checksum) delete require.cache[file];
  try {
    return (await import(`${pathToFileURL(file).href}${first === checksum ? "" : `?sha256=${checksum}`}`)) as LoadedModule;
  } catch (error) {
    const isUnknown = (error as NodeJS.ErrnoException).code === "ERR_UNKNOWN_FILE_EXTENSION";
    if (!isUnknown) throw error;
    const extension = file.slice(file.lastIndexOf("."));
    if (require.extensions[extension]) return require(file) as LoadedModule;
    throw new Error(
      `this Node.js can't load ${extension} files by itself: start it with a loader (node --import tsx), or ship JavaScript`,
      {
        cause: error,
      },
    );
  }
}

/** Like `loadModule`, for a file whose text is known: CommonJS is required, which takes Node 0.2 to 0.4 ms where an import takes 2. */
export async function loadSource(file: string, text: string, checksum: string): Promise<LoadedModule> {
  if (!isSurelyCommonJs(file, text)) return loadModule(file, checksum);
  const before = requiredLast.get(file) ?? checksum;
  requiredLast.set(file, checksum);
  if (before !== checksum) delete require.cache[require.resolve(file)];
  return require(file) as LoadedModule;
}

/** A file without these words can't be an ES module that exports something. */
function isSurelyCommonJs(file: string, text: string): boolean {
  return /\.c?js$/.test(file) && !/\b(?:import|export)\b/.test(text);
}
