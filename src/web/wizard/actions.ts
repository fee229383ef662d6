import { isUpgateError } from "../../core/errors.js";
import { checkAnswer, IN_DOUBT_ANSWERS } from "../../core/in-doubt.js";
import { DRAIN_ANSWERS } from "../../core/run.js";
import type { StartedRun } from "../../upgrade/run-requests.js";
import { ignoredChecks } from "../../upgrade/preflight.js";
import { readRestorable } from "./backups.js";
import { backupPage, failedPage, licensePage, messagePage, type Notice, progressPage, reviewPage } from "./pages.js";
import { type Answer, audit, confirmationOf, type Visit } from "./visit.js";

export async function agree(visit: Visit): Promise<Answer> {
  const license = await visit.context.settings.release.license();
  if (!license) return toNextStep();
  if (visit.body["agree"] !== "yes") return licensePage(visit, 400, "To go on, tick the box that says that you agree.");
  await visit.upgrader.acceptLicense(license.hash);
  await audit(visit, "license-accepted", license.hash);
  return toNextStep();
}

export async function review(visit: Visit): Promise<Answer> {
  const { upgrader, body, context } = visit;
  const blocking = await upgrader.preflight();
  if (blocking.length > 0 && body["ignoreChecks"] !== "yes") return reviewPage(visit, 409, BLOCKED);
  const ids = blocking.map(({ id }) => id);
  const ignored = ignoredChecks(ids, confirmationOf(visit), context.store.clock.timestamp());
  if (ignored) await audit(visit, "checks-ignored", ignored.ids.join(", "));
  await upgrader.markReviewed(ignored);
  return toNextStep();
}

const BLOCKED = {
  reason: "Checks block the start. Nothing has been changed.",
  remedy: "Do what they say, then check again. Or tick the box that says to start although they block.",
};

const GOALS = new Map([
  ["create", "backup"],
  ["rehearse", "rehearsal"],
] as const) as ReadonlyMap<string, "backup" | "rehearsal">;

/** Create a Backup Now, or Rehearse on a Copy: both close the site everywhere first. */
export async function createBackup(visit: Visit): Promise<Answer> {
  const { body, upgrader } = visit;
  const goal = GOALS.get(body["action"] ?? "");
  if (goal === undefined)
    return backupPage(visit, 400, { reason: "This button is not known here.", remedy: "Use one of the buttons below." });
  return launch(visit, () => upgrader.prepare({ goal, confirmation: confirmationOf(visit), drain: "ask" }));
}

export async function start(visit: Visit): Promise<Answer> {
  const { body, upgrader } = visit;
  const named = body["backup"] ?? "";
  if (named === "")
    return backupPage(visit, 400, { reason: "No backup was named.", remedy: "Make a backup first, then press the button below." });
  const hold = body["hold"] === "yes" && visit.offersBypass();
  const which = named === "own" ? ({ kind: "own" } as const) : ({ kind: "made", id: named } as const);
  return launch(visit, () => upgrader.start({ backup: { ...which, ...confirmationOf(visit) }, drain: "ask", hold }));
}

export function resume(visit: Visit): Promise<Answer> {
  return launch(visit, () => visit.upgrader.resume({ drain: "ask", by: confirmationOf(visit) }));
}

/** Retry, or the answer about a statement in doubt: a button for either. */
export async function retry(visit: Visit): Promise<Answer> {
  const given = visit.body["inDoubt"];
  const inDoubt = IN_DOUBT_ANSWERS.find((answer) => answer === given);
  if (given !== undefined && inDoubt === undefined)
    return failedPage(visit, 400, { reason: "This button is not known here.", remedy: "Use one of the buttons below." });
  try {
    checkAnswer(visit.state, inDoubt, "Look into the database, then press “It Was Applied” or “Run It Again” below.");
  } catch (error) {
    if (isUpgateError(error)) return failedPage(visit, 409, { reason: error.message, remedy: error.remedy });
    throw error;
  }
  const by = confirmationOf(visit);
  if (inDoubt !== undefined) return launch(visit, () => visit.upgrader.retry({ inDoubt, drain: "ask", by }));
  const own = visit.body["backup"] === "own" ? { insteadOfBackup: by } : {};
  return launch(visit, () => visit.upgrader.retry({ drain: "ask", by, ...own }));
}

/** Wait, End, Abort: what becomes of requests that some node still carries out. */
export async function drain(visit: Visit): Promise<Answer> {
  const answer = DRAIN_ANSWERS.find((one) => one === visit.body["action"]);
  if (answer === undefined)
    return progressPage(visit, 400, { reason: "This button is not known here.", remedy: "Use one of the buttons below." });
  try {
    await visit.upgrader.answerDrain(answer, confirmationOf(visit));
  } catch (error) {
    // Else it has been decided, or has become needless, meanwhile.
    if (!isUpgateError(error, "ERR_UPGATE_STATE")) throw error;
  }
  return { kind: "redirect", to: "./" };
}

export async function restore(visit: Visit): Promise<Answer> {
  const { context, status, state, body, upgrader } = visit;
  const hasRun = state.kind === "failed" || state.kind === "interrupted";
  const restorable = hasRun ? await readRestorable(context, status.run) : null;
  if (restorable === null) return refuseRestore(visit, 409, NOTHING_TO_RESTORE);
  if (body["confirm"] !== "yes") return refuseRestore(visit, 400, UNCONFIRMED);
  return launch(visit, () => upgrader.restore({ backup: restorable.id, confirmation: confirmationOf(visit), drain: "ask" }));
}

const UNCONFIRMED = {
  reason: "To restore the backup, tick the box that says that the database goes back to what it was then.",
  remedy: "Nothing has been changed.",
};
const NOTHING_TO_RESTORE = {
  reason: "There is no backup here that was made for this run.",
  remedy: "Restore your own backup with your hosting panel or your database tool, and put the files of the old release back.",
};

function refuseRestore(visit: Visit, status: number, notice: NonNullable<Notice>): Answer | Promise<Answer> {
  switch (visit.target) {
    case "failed":
      return failedPage(visit, status, notice);
    case "progress":
      return progressPage(visit, status, notice);
    default:
      return messagePage(status, {
        heading: "Nothing to Restore",
        text: notice.reason,
        remedy: notice.remedy,
        link: { href: "./", label: "Back to the Installer" },
      });
  }
}

/** After a restore: the walk begins anew with a draft. */
export async function again(visit: Visit): Promise<Answer> {
  if (visit.state.kind === "behind") await visit.upgrader.draft();
  return toNextStep();
}

/** The held site is shown to the session's operator: the wizard's own cookie does not reach beyond the wizard. */
export async function look(visit: Visit): Promise<Answer> {
  const { sessions, session, secure, context } = visit;
  if (!session || visit.state.kind !== "held") return toNextStep();
  const { basePath, installPath } = context.settings.options;
  const cookie = await sessions.lookCookie(session.id, basePath || "/", secure);
  await audit(visit, "look");
  return { kind: "redirect", to: "../".repeat(installPath.split("/").length - 1), cookie };
}

export async function open(visit: Visit): Promise<Answer> {
  const { upgrader, watcher } = visit;
  if (visit.state.kind !== "held") return toNextStep();
  try {
    await upgrader.open(confirmationOf(visit));
  } catch (error) {
    // Somebody else has opened it meanwhile.
    if (!isUpgateError(error, "ERR_UPGATE_STATE")) throw error;
  }
  await watcher.refresh();
  return { kind: "redirect", to: "done" };
}

async function launch(visit: Visit, begin: () => Promise<StartedRun>): Promise<Answer> {
  try {
    await begin();
    await visit.watcher.refresh();
    return { kind: "redirect", to: "progress" };
  } catch (error) {
    if (isUpgateError(error, "ERR_UPGATE_PREFLIGHT"))
      return messagePage(409, {
        heading: "Not Now",
        text: error.message,
        remedy: error.remedy,
        link: { href: "review", label: "Back to the Review" },
      });
    if (!isUpgateError(error, "ERR_UPGATE_LEASE_HELD")) throw error;
    return messagePage(409, {
      heading: "Already in Progress",
      text: error.message,
      remedy: error.remedy,
      link: { href: "progress", label: "Follow the Progress" },
    });
  }
}

function toNextStep(): Answer {
  return { kind: "redirect", to: "./" };
}
