import { isUpgateError, UpgateError } from "../core/errors.js";
import { compareVersions } from "../core/version.js";
import type { UpgradeContext } from "./context.js";
import type { ReadState } from "./state-reader.js";
import type { StartedRun } from "./actions.js";
import type { Upgrader } from "./upgrader.js";

/**
 * With `mode: "auto"`: installs, upgrades, and resumes by itself. A failed run waits for a corrected release or an operator.
 * True when this process has begun a run; another one being faster is no error. Throws `ERR_UPGATE_NO_BACKUP_DRIVER` when
 * an upgrade would go without a backup and nobody has said that it may.
 */
export async function autoUpgrade(context: UpgradeContext, upgrader: Upgrader, { state }: ReadState): Promise<boolean> {
  const { mode, backup, version } = context.settings.options;
  if (mode !== "auto") return false;
  // A node that still runs older files must not turn the others' run into one to its own release.
  const aheadOfRun = state.run ? compareVersions(version, state.run.toVersion) : 0;
  const begin = (): Promise<StartedRun> | null => {
    switch (state.kind) {
      case "fresh":
        return upgrader.start();
      case "behind":
        if (backup !== "none") throw noBackup();
        return upgrader.start({ backup: { kind: "none", address: "auto" } });
      case "interrupted":
        return aheadOfRun >= 0 ? upgrader.resume() : null;
      case "failed":
        return aheadOfRun > 0 ? upgrader.retry() : null;
      default:
        return null;
    }
  };
  try {
    const run = await begin();
    if (run)
      context.logger.info(`upgate: ${run.kind === "install" ? "installs" : "upgrades to"} ${run.toVersion} by itself (run ${run.id}).`);
    return run !== null;
  } catch (error) {
    if (isUpgateError(error, "ERR_UPGATE_LEASE_HELD") || isUpgateError(error, "ERR_UPGATE_STATE")) return false;
    throw error;
  }
}

function noBackup(): UpgateError {
  return new UpgateError(
    "ERR_UPGATE_NO_BACKUP_DRIVER",
    'mode "auto" would upgrade without a backup, because upgate can\'t make one here.',
    {
      remedy: 'Back up the database before each release and say backup: "none", or open /install.',
    },
  );
}
