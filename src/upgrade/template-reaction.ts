import { messageOf } from "../core/errors.js";
import { compareVersions } from "../core/version.js";
import { driverMessage } from "../store/driver-errors.js";
import type { UpgradeContext } from "./context.js";
import type { ReadState } from "./state-reader.js";

/**
 * What a node does once its release is the installed one and the files are that release's: it keeps the stock templates for the next upgrade, and
 * writes down what each custom template was made for. Beside the polls; what goes wrong is told and tried again at the next start.
 */
export function remembersTemplates(context: UpgradeContext): (reading: ReadState, stop: AbortSignal) => Promise<boolean> {
  let isDone = false;
  return async ({ state }, stop) => {
    const isCurrent = state.kind === "current" && compareVersions(state.filesVersion, state.codeVersion) === 0;
    if (isDone || !isCurrent) return false;
    isDone = true;
    const remembered = import("./template-memory.js").then(({ rememberTemplates }) => rememberTemplates(context, stop));
    remembered.catch((error: unknown) => {
      if (stop.aborted) return;
      context.logger.warn(`upgate: the templates could not be remembered: ${driverMessage(error) || messageOf(error)}`);
    });
    return false;
  };
}
