import path from "node:path";

export interface KeptPlaces {
  /** The application's folder: what may be removed lies inside. */
  readonly root: string;
  /** Where the process works: it must not lie in what is removed. */
  readonly cwd: string;
  /** What the application needs: neither in what is removed, nor around it. */
  readonly kept: readonly string[];
}

/** Why a folder must not be removed, by its path alone; null: it may be. All absolute. */
export function installDirProblem(folder: string, { root, cwd, kept }: KeptPlaces): string | null {
  if (folder === root || !isInside(root, folder)) return `must be a folder inside the application's, ${root}`;
  const held = [cwd, ...kept].find((one) => isInside(folder, one));
  if (held !== undefined) return `must not hold what the application needs: ${held}`;
  const around = kept.find((one) => isInside(one, folder));
  return around === undefined ? null : `must not be a part of what the application needs: ${around}`;
}

/** True also for the folder itself. */
function isInside(folder: string, file: string): boolean {
  const way = path.relative(folder, file);
  return way === "" || (way !== ".." && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way));
}
