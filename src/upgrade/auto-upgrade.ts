import { isUpgateError } from "../core/errors.js";
import { doubtOf } from "../core/in-doubt.js";
import type { ParsedOptions } from "../core/options.js";
import { compareVersions } from "../core/version.js";
import type { VersionState } from "../core/version-state.js";
import { orAbsent } from "../store/driver-errors.js";
import { readLatestRuns } from "../store/runs.js";
import type { StartedRun } from "./run-requests.js";
import { NODE } from "./audit.js";
import { autoResume } from "./auto-resume.js";
import type { UpgradeContext } from "./context.js";
import type { ReadState } from "./state-reader.js";
import type { Upgrader } from "./upgrader.js";

/**
 * What a node begins unasked: with `mode: "auto"` it installs, upgrades and resumes, with `resume: "auto"` it resumes runs to its
 * own release. A failed run waits for a corrected release or an operator, one in doubt always for the operator. True when
 * this process has begun a run; another one being faster is no error.
 */
export async function autoUpgrade(context: UpgradeContext, upgrader: Upgrader, { state }: ReadState): Promise<boolean> {
  const { options } = context.settings;
  const act = options.mode === "auto" ? unattendedAct(options, state) : options.resume === "auto" ? resumingAct(options, state) : null;
  if (act === null || (act === "start" && (await wasTakenBack(context, state)))) return false;
  try {
    const run = await begin(context, upgrader, state, act);
    if (run && act !== "resume")
      context.logger.info(`upgate: ${run.kind === "install" ? "installs" : "upgrades to"} ${run.toVersion} by itself (run ${run.id}).`);
    return run !== null;
  } catch (error) {
    if (isUpgateError(error, "ERR_UPGATE_LEASE_HELD") || isUpgateError(error, "ERR_UPGATE_STATE")) return false;
    throw error;
  }
}

/** A restore has undone this very release: it would only fail again, until somebody has looked. */
async function wasTakenBack({ store }: UpgradeContext, { codeVersion }: VersionState): Promise<boolean> {
  const [last] = await orAbsent(() => readLatestRuns(store.knex, 1), []);
  return last?.kind === "restore" && last.fromVersion === codeVersion;
}

/** `supersede`: what is interrupted or failed gives way to a run to this node's newer release. */
type Act = "start" | "resume" | "supersede" | null;

/** A node that still runs older files must not turn the others' run into one to its own release. */
function unattendedAct({ version }: ParsedOptions, state: VersionState): Act {
  // A restore goes on whatever files there are, and only at an operator's word.
  if (state.run?.kind === "restore") return null;
  const aheadOfRun = state.run ? compareVersions(version, state.run.toVersion) : 0;
  switch (state.kind) {
    case "fresh":
    case "behind":
      return "start";
    case "interrupted":
      return aheadOfRun === 0 ? "resume" : aheadOfRun > 0 ? "supersede" : null;
    case "failed":
      return aheadOfRun > 0 && doubtOf(state) === null ? "supersede" : null;
    default:
      return null;
  }
}

function resumingAct({ version }: ParsedOptions, { kind, run }: VersionState): Act {
  return kind === "interrupted" && run?.kind !== "restore" && run?.toVersion === version ? "resume" : null;
}

async function begin(context: UpgradeContext, upgrader: Upgrader, state: VersionState, act: NonNullable<Act>): Promise<StartedRun | null> {
  switch (act) {
    case "start":
      if (state.kind === "fresh") return upgrader.start({ by: NODE });
      return upgrader.start({ backup: { kind: context.settings.options.backup.automatic ? "wanted" : "none", ...NODE } });
    case "resume":
      return autoResume(context, upgrader, state);
    case "supersede":
      return state.kind === "failed" ? upgrader.retry({ by: NODE }) : upgrader.resume({ by: NODE });
  }
}
