import type { Check } from "../core/check.js";
import type { UpgateError } from "../core/errors.js";
import type { PlannedMigration } from "../core/plan.js";
import type { DrainAnswer, IgnoredChecks, Run } from "../core/run.js";
import type { VersionState } from "../core/version-state.js";
import type { Confirmation, PrepareOptions, RestoreOptions, RunOptions, StartedRun, StartOptions } from "./run-requests.js";
import type { UpgradeActions } from "./actions.js";
import type { BaselineOptions } from "./baseline.js";
import type { UpgradeContext } from "./context.js";
import type { RepairAction } from "./migration-checks.js";
import type { Repaired } from "./repair.js";
import type { RunResult } from "./run-result.js";
import type { UpgradeStatus } from "./status.js";

/**
 * The one door to an upgrade, for wizard and command line. Every method may throw `ERR_UPGATE_DATABASE`. `by`: who asks, for `upgate_audit`. What it does is
 * loaded beside the start: a program that only serves pages need not wait for it.
 */
export class Upgrader {
  readonly #actions: Promise<UpgradeActions>;

  constructor(context: UpgradeContext) {
    this.#actions = import("./actions.js").then(({ UpgradeActions }) => new UpgradeActions({ ...context, rehearse: rehearsing(context) }));
    this.#actions.catch(() => undefined); // told to every caller
  }

  /** The state as it is now; `unknown` when the database can't be read. */
  async state(): Promise<VersionState> {
    return (await this.#actions).state();
  }

  /** Who holds the upgrade, as the error that a second start would get. */
  async holder(): Promise<UpgateError> {
    return (await this.#actions).holder();
  }

  /** The state as it is now, and the run's progress as the store tells it. */
  async status(): Promise<UpgradeStatus> {
    return (await this.#actions).status();
  }

  /** The same for a state that the caller has just read. */
  async statusOf(state: VersionState): Promise<UpgradeStatus> {
    return (await this.#actions).statusOf(state);
  }

  /** The migrations that a start would apply, in order. */
  async plan(): Promise<PlannedMigration[]> {
    return (await this.#actions).plan();
  }

  /** The operator's draft for the present versions, made when there is none. */
  async draft(): Promise<Run> {
    return (await this.#actions).draft();
  }

  /** `hash`: SHA-256 of the accepted text, hex. */
  async acceptLicense(hash: string): Promise<void> {
    return (await this.#actions).acceptLicense(hash);
  }

  /** `ignored`: checks that blocked, and whose word it is to start all the same; null: none. */
  async markReviewed(ignored: IgnoredChecks | null = null): Promise<void> {
    return (await this.#actions).markReviewed(ignored);
  }

  /** The checks that would keep `start` from starting now; the privileges are tried on a scratch table. Empty: none. */
  async preflight(): Promise<Check[]> {
    return (await this.#actions).preflight();
  }

  /**
   * Starts the upgrade or installation. Takes the lease, reads the plan again under it, writes the run, and hands over to
   * the runner. Throws `ERR_UPGATE_LEASE_HELD` to the loser of a race, `ERR_UPGATE_STATE` when there is nothing to start, and
   * `ERR_UPGATE_PREFLIGHT` when a check blocks that nobody has said to ignore.
   */
  async start(options: StartOptions = {}): Promise<StartedRun> {
    return (await this.#actions).start(options);
  }

  /**
   * Closes the site everywhere and makes a backup, or tries the upgrade on a copy of the database. The site stays closed then, so that nothing is
   * written that the backup lacks, until the upgrade is started or `open()` gives it up. Throws what `start` does.
   */
  async prepare(options: PrepareOptions): Promise<StartedRun> {
    return (await this.#actions).prepare(options);
  }

  /**
   * Brings the database back to what a backup holds, in a run of its own: the site is closed all through. It takes the place of the run that
   * is active. Throws `ERR_UPGATE_LEASE_HELD` while that one is alive, `ERR_UPGATE_BACKUP_UNKNOWN` when there is no such backup here.
   */
  async restore(options: RestoreOptions): Promise<StartedRun> {
    return (await this.#actions).restore(options);
  }

  /** Goes on with an interrupted run, under the same id; with files of another release it is superseded by a new run. */
  async resume(options: RunOptions = {}): Promise<StartedRun> {
    return (await this.#actions).resume(options);
  }

  /** Tries a failed run again from the migration that failed, under the same id; a corrected release supersedes it. */
  async retry(options: RunOptions = {}): Promise<StartedRun> {
    return (await this.#actions).retry(options);
  }

  /**
   * What to do about requests that are still under way on some node while a run waits for them: `wait` on, `end` them and their database
   * connections, or `abort` the run, which has changed nothing yet. Throws `ERR_UPGATE_STATE` when no run is closing the site.
   */
  async answerDrain(answer: DrainAnswer, by?: Confirmation): Promise<void> {
    return (await this.#actions).answerDrain(answer, by);
  }

  /** Opens a site that a run with `hold` has kept closed, or gives up an upgrade that was prepared. Throws `ERR_UPGATE_STATE` when neither is so. */
  async open(by?: Confirmation): Promise<void> {
    return (await this.#actions).open(by);
  }

  /**
   * For an application that is new to upgate: writes down the installed release, with every migration up to it as applied.
   * Runs none. Throws `ERR_UPGATE_STATE` when there is a version row or a run, or nothing of the application's. Returns the
   * names of the migrations written down; those that knex's own migrator has recorded are not among them.
   */
  async baseline(version: string, options: BaselineOptions = {}): Promise<string[]> {
    return (await this.#actions).baseline(version, options);
  }

  /**
   * For a database without a version row: writes down the release that `detectVersion`, or a complete history of knex's own
   * migrator, tells. False when nothing was to be told. A node of the application does so by itself.
   */
  async adopt(): Promise<boolean> {
    return (await this.#actions).adopt();
  }

  /**
   * Does one named thing about a migration whose file or history is odd; see `RepairAction` and docs/operations.md. Throws
   * `ERR_UPGATE_STATE` when the migration is not in that condition, `ERR_UPGATE_LEASE_HELD` while a run is alive; then nothing
   * is written.
   */
  async repair(action: RepairAction, migration: string, by?: Confirmation): Promise<Repaired> {
    return (await this.#actions).repair(action, migration, by);
  }

  /** Stops the runs inside this process after the statement under way; they can be resumed. Those in processes of their own go on. */
  async close(): Promise<void> {
    await this.#actions.then(
      (actions) => actions.close(),
      () => undefined,
    );
  }

  /** What the runner's own process does; see `takeOver`. */
  async execute(runId: string, token: number, signal?: AbortSignal): Promise<RunResult> {
    return (await this.#actions).execute(runId, token, signal);
  }
}

/** Loaded when it is asked for. */
function rehearsing(context: UpgradeContext): NonNullable<UpgradeContext["rehearse"]> {
  return async (backupId, call) => (await import("./rehearsal.js")).rehearse(context, backupId, call);
}
