import { setTimeout as pause } from "node:timers/promises";
import { constants } from "node:os";
import type { Lease } from "../core/run.js";
import { judgeHolder } from "../upgrade/judge-holder.js";
import type { RunProgress, UpgradeStatus } from "../upgrade/status.js";
import type { RunResult } from "../upgrade/run-result.js";
import type { StartedRun } from "../upgrade/run-requests.js";
import { EXIT } from "./exit-codes.js";
import { doubtLines } from "./in-doubt.js";
import { ProgressView } from "./progress-view.js";
import type { Session } from "./verb.js";

const LOOK_EVERY_MS = 200;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Begins a run in this process and shows it to its end. Ctrl-C stops it after the statement under way. */
export async function carryOut({ upgrader, terminal }: Session, begin: (signal: AbortSignal) => Promise<StartedRun>): Promise<number> {
  return stoppable(terminal.say.bind(terminal), async (stop) => {
    const run = await begin(stop);
    terminal.say(beginning(run));
    const view = new ProgressView(terminal);
    const over = new AbortController();
    const looking = look(() => upgrader.status(), view, over.signal);
    const result = await run.finished;
    over.abort();
    await looking;
    return tell({ upgrader, terminal }, result, view);
  });
}

/**
 * The same for a run that seems to be carried out: one look can't tell whether a process of another machine lives, so its beat
 * is watched first.
 */
export async function carryOutAbandoned(session: Session, begin: (signal: AbortSignal) => Promise<StartedRun>): Promise<number> {
  const { context, upgrader, terminal } = session;
  const onWait = ({ holder }: Lease): void => terminal.say(`Looking whether ${holder?.host} (process ${holder?.pid}) is still alive …`);
  if ((await upgrader.state()).kind === "running") await judgeHolder(context, { onWait });
  return carryOut(session, begin);
}

function beginning({ kind, fromVersion, toVersion }: StartedRun): string {
  if (kind === "restore") return `Restoring the backup of release ${toVersion} …`;
  return kind === "install" ? `Installing ${toVersion} …` : `Upgrading from ${fromVersion ?? "an unknown release"} to ${toVersion} …`;
}

async function look(read: () => Promise<{ run: RunProgress | null }>, view: ProgressView, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    // What the database refuses just now, the run itself has to tell; a restore takes even the history away for a moment.
    const { run } = await read().catch(() => ({ run: null }));
    if (run && !over.aborted) view.show(run);
    await pause(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
  }
}

/** Says how it ended; returns the exit code. */
async function tell(
  { upgrader, terminal }: Pick<Session, "upgrader" | "terminal">,
  result: RunResult,
  view: ProgressView,
): Promise<number> {
  const { state, run } = await upgrader.status();
  if (run) view.show(run);
  view.end();
  const applied = run?.migrations.filter(({ status }) => status === "applied").length ?? 0;
  switch (result.status) {
    case "prepared":
      terminal.result({ result: result.status, state, run }, ["The site is closed and waits for the upgrade. Start it with: upgate up"]);
      return EXIT.done;
    case "completed":
      if (run?.kind === "restore") return tellRestored(terminal, state, run);
      terminal.result({ result: result.status, state, run }, [
        terminal.paint("green", `Release ${run?.toVersion ?? state.codeVersion} is installed.`),
        ...(state.kind === "held" ? ["The site is still closed to visitors. Look at it, then open it: upgate open"] : []),
      ]);
      return EXIT.done;
    case "failed":
      terminal.result({ result: result.status, state, run, error: result.error }, [
        terminal.paint("red", result.error?.message ?? "The upgrade failed."),
        ...(result.error?.statement ? [`The statement: ${result.error.statement}`] : []),
        result.error?.remedy ?? "",
        ...(result.error?.inDoubt ? ["", ...doubtLines(result.error.inDoubt)] : ["Then go on with: upgate retry"]),
        ...(run?.kind === "upgrade" && run.backup?.made && result.error?.code !== "ERR_UPGATE_BACKUP_DAMAGED"
          ? [`Or bring the database back to what it was: upgate restore ${run.backup.made.id}`]
          : []),
        "A report for the vendor's support: upgate report",
      ]);
      return EXIT.failed;
    case "aborted":
      terminal.result({ result: result.status, state, run: null }, [
        terminal.paint("yellow", "Given up while requests were still under way. Nothing was changed."),
        "Try again later, or cut such requests off: upgate up --drain=end",
      ]);
      return EXIT.error;
    case "interrupted":
      terminal.result({ result: "interrupted", state, run }, [
        terminal.paint(
          "yellow",
          `Stopped: ${applied} of ${run?.migrations.length ?? 0} migrations are applied, and the site stays closed.`,
        ),
        "Go on with: upgate resume",
      ]);
      return EXIT.held;
  }
}

function tellRestored(terminal: Session["terminal"], state: UpgradeStatus["state"], run: RunProgress): number {
  terminal.result({ result: "completed", state, run }, [
    terminal.paint("green", `The backup is restored: the database is at release ${run.toVersion} again.`),
    ...(state.kind === "current"
      ? ["The site is open."]
      : [`Put the files of release ${run.toVersion} back and restart the application; or upload a corrected release, then: upgate up`]),
  ]);
  return EXIT.done;
}

/** While `work` goes on, the first Ctrl-C (or SIGTERM, SIGHUP) asks it to stop, the second ends the process: nothing is lost by that, either. */
export async function stoppable(say: (line: string) => void, work: (stop: AbortSignal) => Promise<number>): Promise<number> {
  const stop = new AbortController();
  let code: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    // A terminal that is closed says so twice: by the system and by its shell.
    if (code !== null && signal === "SIGHUP") return;
    if (code !== null) process.exit(code);
    code = 128 + constants.signals[signal];
    say("Stopping after the statement under way …");
    stop.abort(new Error("It was stopped from outside."));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const result = await work(stop.signal);
    return result === EXIT.held && code !== null ? code : result;
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
