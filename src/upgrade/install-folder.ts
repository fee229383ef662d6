import { lstatSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Check } from "../core/check.js";
import { messageOf, UpgateError } from "../core/errors.js";
import { installDirProblem } from "./install-dir.js";
import type { Settings } from "./settings.js";

type FolderSettings = Pick<Settings, "installDir" | "root" | "keptPaths">;

/** The vendor's install folder as its path below the application's; null where there is none (any more). */
export function presentInstallFolder({ installDir, root }: Pick<Settings, "installDir" | "root">): string | null {
  return installDir !== null && lstatSync(installDir, { throwIfNoEntry: false }) !== undefined ? path.relative(root, installDir) : null;
}

/**
 * Removes the vendor's install folder with all that is in it; links in it are removed, not followed. `record`: called with its path before
 * anything is removed. Nothing to do where it is gone. Throws `ERR_UPGATE_INSTALL_FOLDER` for one that leads elsewhere or holds what the
 * application needs, and where it can't be removed.
 */
export async function removeInstallFolder(settings: FolderSettings, record: (folder: string) => Promise<void>): Promise<void> {
  const { installDir } = settings;
  const shown = presentInstallFolder(settings);
  if (installDir === null || shown === null) return;
  const problem = problemNow(installDir, settings);
  if (problem !== null) throw new UpgateError("ERR_UPGATE_INSTALL_FOLDER", `The install folder “${shown}” is not removed: ${problem}.`);
  await record(shown);
  try {
    await rm(installDir, { recursive: true });
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_INSTALL_FOLDER", `The install folder “${shown}” could not be removed: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** What the paths alone did not show when the options were read: links. */
function problemNow(installDir: string, { root, keptPaths }: FolderSettings): string | null {
  const entry = lstatSync(installDir);
  if (entry.isSymbolicLink()) return "it is a link";
  if (!entry.isDirectory()) return "it is no folder";
  const [real, realRoot] = [realpathSync(installDir), realpathSync(root)];
  if (real !== path.join(realRoot, path.relative(root, installDir))) return "a folder above it is a link";
  const problem = installDirProblem(real, { root: realRoot, cwd: realOf(process.cwd()), kept: keptPaths.map(realOf) });
  return problem === null ? null : `it ${problem}`;
}

function realOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** Empty where the vendor names none. */
export function installFolderChecks(settings: Pick<Settings, "installDir" | "root">): Check[] {
  if (settings.installDir === null) return [];
  const common = { id: "install-folder", title: "Install folder" };
  const shown = presentInstallFolder(settings);
  if (shown === null) return [{ ...common, severity: "ok", message: "It is removed.", remedy: null }];
  const remedy = "Press Remove the Install Folder on the installer’s last page, or delete it with the program you upload files with.";
  return [{ ...common, severity: "warning", message: `The folder “${shown}” is still there.`, remedy }];
}
