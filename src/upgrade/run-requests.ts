import type { BackupClaim, DrainAnswer, InDoubtAnswer, RunKind } from "../core/run.js";
import type { RunPlace } from "./carry-out.js";
import type { RunResult } from "./run-result.js";

export interface RunOptions {
  /** `process`: a process of its own, where there is a configuration file (the default). `here`: inside this one. */
  readonly where?: RunPlace;
  /** With `where: "here"`: its abort stops the run after the statement under way; the run can be resumed. */
  readonly signal?: AbortSignal;
  /** What becomes of requests that are still under way after `drainTimeoutMs`; default: the option `drain`. `ask`: see `answerDrain`. */
  readonly drain?: "ask" | DrainAnswer;
  /** For `resume` and `retry` of a run that failed with `ERR_UPGATE_IN_DOUBT`: the operator's answer. */
  readonly inDoubt?: InDoubtAnswer;
  /** For `resume` and `retry` of a run whose own backup could not be made: another one in its place. */
  readonly insteadOfBackup?: Confirmation;
  /** Who asks, for `upgate_audit`. Default: who vouches for the backup, else `host`. */
  readonly by?: Confirmation;
}

/** Whose word it is: an address, and the wizard's session. Of the command line: the account at the operating system, and `cli`. */
export type Confirmation = Pick<BackupClaim, "address" | "session">;

export type StartBackup = Confirmation &
  (
    | { readonly kind: Exclude<BackupClaim["kind"], "made"> }
    /** `id`: of the one that was made for this very start; see `prepare`. */
    | { readonly kind: "made"; readonly id: string }
  );

export interface StartOptions extends RunOptions {
  /** Which backup there is; not needed for a fresh installation. `wanted`: upgate makes one when the site is closed. */
  readonly backup?: StartBackup;
  /** Keeps the site closed to visitors after a complete run, until `open()`. Default: false. See `guard({ bypass: true })`. */
  readonly hold?: boolean;
  /** Starts whatever checks block, and says whose word it is: kept with the run. Default: what was ignored on the review page. */
  readonly ignoreChecks?: Confirmation;
}

export interface PrepareOptions extends RunOptions {
  /** `rehearsal`: makes a backup first, if none was made yet. */
  readonly goal: "backup" | "rehearsal";
  readonly confirmation: Confirmation;
  /** As in `StartOptions`. */
  readonly ignoreChecks?: Confirmation;
}

export interface RestoreOptions extends RunOptions {
  /** Of a backup in this machine's data folder; default: the one that was made for the run that has failed, else the newest one. */
  readonly backup?: string;
  readonly confirmation: Confirmation;
}

/** A started run. */
export interface StartedRun {
  readonly id: string;
  readonly kind: RunKind;
  readonly fromVersion: string | null;
  readonly toVersion: string;
  /** Settles when the run is over, however long it takes; never rejects. */
  readonly finished: Promise<RunResult>;
}
