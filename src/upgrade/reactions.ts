import { isUpgateError, messageOf } from "../core/errors.js";
import { driverMessage, isBusy } from "../store/driver-errors.js";
import { abortUnstarted } from "./abort-unstarted.js";
import { adopt } from "./adoption.js";
import { autoUpgrade } from "./auto-upgrade.js";
import type { UpgradeContext } from "./context.js";
import { announceWhatIsSeen } from "./notifications/watch.js";
import { stampPatch } from "./stamp.js";
import type { ReadState } from "./state-reader.js";
import { remembersTemplates } from "./template-reaction.js";
import type { Upgrader } from "./upgrader.js";

/** What a node does by itself about a state; true when it changed it. `stop`: the node closes. */
export type Reaction = (reading: ReadState, stop: AbortSignal) => Promise<boolean>;

/**
 * Everything that a node does without being asked, in this order. A reaction that throws is reported once and tried again
 * `retryMs` later, so that a vendor's function that fails is not called at every poll.
 */
export function nodeReactions(context: UpgradeContext, upgrader: Upgrader): Reaction[] {
  const retryMs = context.settings.options.nodeTtlMs;
  const reaction = (what: string, react: Reaction): Reaction => patient(context, what, retryMs, react);
  return [
    reaction("the unstarted run could not be aborted", (reading) => abortUnstarted(context, reading)),
    reaction("the installed release could not be recorded", (reading, stop) => adopt(context, reading, stop)),
    reaction("the patch could not be recorded", (reading) => stampPatch(context, reading)),
    reaction("the upgrade could not be started", (reading) => autoUpgrade(context, upgrader, reading)),
    ...(context.settings.templates === null ? [] : [reaction("the templates could not be remembered", remembersTemplates(context))]),
    ...(context.settings.options.notifications === null ? [] : [reaction("nobody could be told", announceWhatIsSeen(context))]),
  ];
}

function patient({ store, logger }: UpgradeContext, what: string, retryMs: number, react: Reaction): Reaction {
  let notBeforeMs = -Infinity;
  let reported = "";
  return async (reading, stop) => {
    if (store.clock.nowMs() < notBeforeMs) return false;
    try {
      return await react(reading, stop);
    } catch (error) {
      // Another process is at it for a moment: the next poll shows what it has left to do.
      if (isBusy(error) || isUpgateError(error, "ERR_UPGATE_LEASE_HELD")) return false;
      notBeforeMs = store.clock.nowMs() + retryMs;
      const message = `upgate: ${what}: ${driverMessage(error) || messageOf(error)}`;
      if (message !== reported) logger.warn(message);
      reported = message;
      return false;
    }
  };
}
