import { UpgateError } from "./errors.js";
import type { StatementInDoubt } from "./migration.js";
import type { InDoubtAnswer } from "./run.js";
import type { VersionState } from "./version-state.js";

export const IN_DOUBT_ANSWERS = ["applied", "again"] as const satisfies readonly InDoubtAnswer[];

/** What a failed run waits for the operator to decide; null when nothing is in doubt. */
export function doubtOf({ kind, run }: Pick<VersionState, "kind" | "run">): StatementInDoubt | null {
  return kind === "failed" ? (run?.error?.inDoubt ?? null) : null;
}

/**
 * Whether the operator's answer fits the state. Throws `ERR_UPGATE_IN_DOUBT` when one is needed and none is given, with
 * `remedy`: how to give it here; `ERR_UPGATE_STATE` when one is given and nothing is in doubt.
 */
export function checkAnswer(state: Pick<VersionState, "kind" | "run">, answer: InDoubtAnswer | undefined, remedy: string): void {
  const doubt = doubtOf(state);
  if (doubt !== null && answer === undefined) {
    const migration = state.run?.error?.migration;
    const where = migration ? `a statement of ${migration}` : "a statement";
    throw new UpgateError(
      "ERR_UPGATE_IN_DOUBT",
      `It can't be told whether ${where} was carried out. One of two answers is needed first: it was applied, or run it again.`,
      { remedy },
    );
  }
  // A state that can't be read, or a run in progress, has a better reason to refuse than this one.
  if (doubt === null && answer !== undefined && state.kind !== "unknown" && state.kind !== "running")
    throw new UpgateError("ERR_UPGATE_STATE", "No statement is in doubt, so there is nothing to answer. Nothing has been changed.");
}
