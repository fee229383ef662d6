import type { Check } from "./check.js";
import type { Run } from "./run.js";

/** What somebody has done about a run, or what was noted of it, beside the run's own row. */
export interface RunEvent {
  readonly runId: string;
  /** As the audit has it: `retry`, `in-doubt-applied`, `notification-failed`, … */
  readonly event: string;
  /** Of `notification-failed`: channel and cause; null elsewhere. */
  readonly detail: string | null;
}

const COMMON = { id: "earlier-runs", title: "Earlier runs" };

/**
 * What did not stop the last completed run, nor the ones since, and may still want a hand: one check each, `ok` where there is nothing. A later
 * run that completes without such takes their place. `runs`: newest first; `ongoing`: the run that the version state tells of.
 */
export function earlierRunChecks(runs: readonly Run[], events: readonly RunEvent[], ongoing: string | null): Check[] {
  const last = runs.findIndex(({ status }) => status === "completed");
  const regarded = (last < 0 ? runs : runs.slice(0, last + 1)).filter(({ id }) => id !== ongoing);
  const found = regarded.flatMap((run) =>
    problemsOf(
      run,
      events.filter(({ runId }) => runId === run.id),
    ),
  );
  if (found.length > 0) return found;
  const message = runs.length === 0 ? "There are none." : "The last run has left nothing to do.";
  return [{ ...COMMON, severity: "ok", message, remedy: null }];
}

type Told = Pick<Check, "severity" | "message" | "remedy">;

function problemsOf(run: Run, events: readonly RunEvent[]): Check[] {
  const told = [...outcome(run), ...passedOver(run), ...ignored(run), ...proof(run), ...answers(run, events), ...unheard(run, events)];
  return told.map((one) => ({ ...COMMON, ...one }));
}

/** Its successor that completed would stand in its place. */
function outcome({ id, toVersion, status, error }: Run): Told[] {
  if (status === "completed" || status === "running" || status === "draft") return [];
  const remedy = "Nothing, where that was meant so; else start it again.";
  if (status === "failed")
    return [{ severity: "warning", message: `The run ${id} to ${toVersion} failed: ${error?.message ?? ""}`, remedy }];
  const message =
    status === "superseded"
      ? `The run ${id} to ${toVersion} was given up for another one, which has not completed.`
      : `The run ${id} to ${toVersion} was given up.`;
  return [{ severity: "info", message, remedy }];
}

/** Whatever may still write as the old release does is the one thing here that can do harm. */
function passedOver({ id, passedOver: nodes }: Run): Told[] {
  return nodes.map((node): Told => {
    const message = `The run ${id} passed over a process that gave no sign of life: ${node}.`;
    return node.includes(": ")
      ? { severity: "warning", message, remedy: "Look on that machine whether the process still runs; end it, or restart it." }
      : { severity: "info", message, remedy: "If it still runs on some machine, restart it." };
  });
}

function ignored({ id, ignoredChecks }: Run): Told[] {
  if (ignoredChecks === null) return [];
  const message = `The run ${id} was started although these checks blocked: ${ignoredChecks.ids.join(", ")}.`;
  return [{ severity: "info", message, remedy: "See among the other checks whether they still do: the next upgrade asks again." }];
}

function proof({ id, backup }: Run): Told[] {
  const made = backup?.made;
  if (!made || made.proof === "restored") return [];
  const message =
    made.proof === "read"
      ? `The backup ${made.id} of the run ${id} was read to its end, but not restored.`
      : `The backup ${made.id} of the run ${id} was not proven.`;
  return [{ severity: "info", message, remedy: `Run: upgate backup verify ${made.id}` }];
}

function answers({ id }: Run, events: readonly RunEvent[]): Told[] {
  const has = (...names: string[]): boolean => events.some(({ event }) => names.includes(event));
  const found: [boolean, string, string | null][] = [
    [
      has("in-doubt-applied", "in-doubt-again"),
      `In the run ${id} somebody has said whether a statement in doubt had been applied.`,
      "If data looks odd, begin to look there: the run's report names the statement.",
    ],
    [has("drain-end"), `The run ${id} ended requests that were under way.`, null],
    [has("retry", "resume"), `The run ${id} had to be taken up again before it completed.`, null],
  ];
  return found.filter(([isSo]) => isSo).map(([, message, remedy]) => ({ severity: "info", message, remedy }));
}

function unheard({ id }: Run, events: readonly RunEvent[]): Told[] {
  const failed = events.filter(({ event }) => event === "notification-failed");
  return failed.map(({ detail }) => ({
    severity: "warning",
    message: `A message about the run ${id} was not taken: ${detail ?? "unknown"}.`,
    remedy: "Look at the option notifications, and at the server that it names.",
  }));
}
