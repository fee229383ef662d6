import { isUpgateError, messageOf, UpgateError } from "../core/errors.js";
import type { PlannedMigration } from "../core/plan.js";
import type { BackupClaim, Lease, Run, RunKind } from "../core/run.js";
import type { VersionState } from "../core/version-state.js";
import { driverMessage, isDuplicate, isMissingTable } from "../store/driver-errors.js";
import { handOverLease, readLease, releaseLease, takeLease } from "../store/lease.js";
import { insertDraft, readActiveRun, readRun, type RunChange, updateRun } from "../store/runs.js";
import { ensureCookieSecret } from "../store/secrets.js";
import { ensureTables, whileBusy } from "../store/tables.js";
import { recordBaseline } from "./baseline.js";
import type { UpgradeContext } from "./context.js";
import { launchDetached } from "./launcher.js";
import { LeaseKeeper } from "./lease-keeper.js";
import { processIdentity } from "./process-identity.js";
import { executeRun, type RunnerOptions, type RunResult } from "./runner.js";
import { type ReadState, StateReader } from "./state-reader.js";
import { readStatus, type UpgradeStatus } from "./status.js";

export interface StartOptions {
  /** Who vouches for the backup; not needed for a fresh installation. */
  readonly backup?: Omit<BackupClaim, "confirmedAt">;
  /** `process`: a process of its own, where there is a configuration file (the default). `here`: inside this one. */
  readonly where?: "process" | "here";
}

/** A started run. */
export interface StartedRun {
  readonly id: string;
  readonly kind: RunKind;
  readonly fromVersion: string | null;
  readonly toVersion: string;
  /** Settles when the run is over, however long it takes; never rejects for a failed run. */
  readonly finished: Promise<RunResult>;
}

/** The one door to an upgrade, for wizard and command line. */
export class Upgrader {
  readonly #reader: StateReader;

  constructor(private readonly context: UpgradeContext) {
    this.#reader = new StateReader(context);
  }

  /** The state as it is now, and the run's progress as the store tells it. */
  async status(): Promise<UpgradeStatus> {
    const { state } = await this.#read();
    return this.statusOf(state);
  }

  /** The same for a state that the caller has just read. */
  statusOf(state: VersionState): Promise<UpgradeStatus> {
    return readStatus(this.context.store, state);
  }

  /** The migrations that a start would apply, in order. */
  async plan(): Promise<PlannedMigration[]> {
    const { state } = await this.#read();
    return this.#planned(state).map((migration) => ({ ...migration, status: "pending", ms: null }));
  }

  /** The operator's draft for the present versions, made when there is none; a draft for other versions is aborted. */
  async draft(): Promise<Run> {
    const { store } = this.context;
    const { state } = await this.#read();
    const kind = startable(state);
    await ensureTables(store.knex, store.dialect);
    const active = await readActiveRun(store.knex);
    if (active?.status === "draft") {
      if (active.toVersion === state.codeVersion && active.fromVersion === state.installedVersion) return active;
      await whileBusy(() =>
        updateRun(store.knex, active.id, "draft", { status: "aborted", active: false, finishedAt: store.clock.timestamp() }),
      );
    } else if (active) {
      throw notNow(state);
    }
    try {
      await whileBusy(() =>
        insertDraft(store.knex, {
          kind,
          fromVersion: state.installedVersion,
          toVersion: state.codeVersion,
          createdAt: store.clock.timestamp(),
        }),
      );
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    return (await readActiveRun(store.knex)) ?? this.draft();
  }

  async acceptLicense(hash: string): Promise<void> {
    await this.#changeDraft({ licenseAcceptedAt: this.context.store.clock.timestamp(), licenseHash: hash });
  }

  async markReviewed(): Promise<void> {
    await this.#changeDraft({ reviewedAt: this.context.store.clock.timestamp() });
  }

  /**
   * Starts the upgrade or installation. Takes the lease, reads the plan again under it, writes the run, and hands over to
   * the runner. Throws `ERR_UPGATE_LEASE_HELD` to the loser of a race, `ERR_UPGATE_STATE` when there is nothing to start.
   */
  async start(options: StartOptions = {}): Promise<StartedRun> {
    const before = await this.#read();
    if (before.state.kind === "running") throw await this.#held(before.lease);
    startable(before.state);
    await this.draft();
    return this.#underLease(async ({ state }, lease) => {
      const draft = await this.draft();
      const backup: BackupClaim | undefined = options.backup && { ...options.backup, confirmedAt: this.context.store.clock.timestamp() };
      await this.#begin(draft, lease, { plan: this.#planned(state), ...(backup ? { backup } : {}) });
      return draft.id;
    }, options);
  }

  /** Goes on with an interrupted run, under the same id; with files of another release it is superseded by a new run. */
  resume(options: StartOptions = {}): Promise<StartedRun> {
    return this.#again("interrupted", options);
  }

  /** Tries a failed run again from the migration that failed, under the same id; a corrected release supersedes it. */
  retry(options: StartOptions = {}): Promise<StartedRun> {
    return this.#again("failed", options);
  }

  /**
   * For an application that is new to upgate: writes down the installed release, with every migration up to it as applied.
   * Runs none. Throws `ERR_UPGATE_STATE` unless the state is `unversioned`. Returns the migrations' names.
   */
  async baseline(version: string): Promise<string[]> {
    const { store } = this.context;
    const { state } = await this.#read();
    if (state.kind !== "unversioned") throw notNow(state);
    await ensureTables(store.knex, store.dialect);
    const lease = await this.#takeLease();
    try {
      return await recordBaseline(this.context, version);
    } finally {
      await whileBusy(() => releaseLease(store.knex, lease.token));
    }
  }

  /** The runner's own process: takes the lease over from the one that started the run, and carries it out. */
  async execute(runId: string, token: number): Promise<RunResult> {
    const { store, settings } = this.context;
    const run = await readRun(store.knex, runId).catch((error: unknown) => {
      if (isMissingTable(error)) return null;
      throw error;
    });
    if (!run) throw new UpgateError("ERR_UPGATE_RUN_UNKNOWN", `There is no run ${runId} in ${store.source.label}.`);
    if (run.toVersion !== settings.options.version) {
      throw new UpgateError(
        "ERR_UPGATE_RELEASE_CHANGED",
        `The run leads to release ${run.toVersion}, but the files are ${settings.options.version}.`,
      );
    }
    const lease = await whileBusy(() => handOverLease(store.knex, token, processIdentity(), store.clock.timestamp()));
    if (!lease) throw new UpgateError("ERR_UPGATE_LEASE_LOST", "Another process has taken over the upgrade.");
    return executeRun(this.#runnerOptions(), runId, this.#keep(lease));
  }

  async #read(): Promise<ReadState> {
    try {
      return await this.#reader.read();
    } catch (cause) {
      throw new UpgateError("ERR_UPGATE_DATABASE", `The database can't be read: ${driverMessage(cause)}`, { cause });
    }
  }

  async #again(kind: "interrupted" | "failed", options: StartOptions): Promise<StartedRun> {
    const before = await this.#read();
    if (before.state.kind === "running") throw await this.#held(before.lease);
    if (before.state.kind !== kind) throw notNow(before.state);
    return this.#underLease(async ({ state }, lease) => {
      const { store } = this.context;
      const run = await readActiveRun(store.knex);
      if (!run || run.status === "draft") throw notNow(state);
      if (run.toVersion === state.codeVersion) {
        const pending = this.#planned(state);
        const names = new Set(pending.map(({ name }) => name));
        await this.#begin(run, lease, { plan: [...run.plan.filter(({ name }) => !names.has(name)), ...pending] });
        return run.id;
      }
      return this.#supersede(run, state, lease);
    }, options);
  }

  async #supersede(old: Run, state: VersionState, lease: Lease): Promise<string> {
    const { store, logger } = this.context;
    const now = store.clock.timestamp();
    await whileBusy(() => updateRun(store.knex, old.id, old.status, { status: "superseded", active: false, finishedAt: now }));
    const { kind, licenseAcceptedAt, licenseHash, reviewedAt } = old;
    const id = await whileBusy(() =>
      insertDraft(store.knex, {
        kind,
        fromVersion: state.installedVersion,
        toVersion: state.codeVersion,
        licenseAcceptedAt,
        licenseHash,
        reviewedAt,
        createdAt: now,
      }),
    );
    await this.#begin((await readRun(store.knex, id)) as Run, lease, {
      plan: this.#planned(state),
      ...(old.backup ? { backup: old.backup } : {}),
    });
    logger.warn(`upgate: the run ${old.id} to ${old.toVersion} is superseded by ${id} to ${state.codeVersion}.`);
    return id;
  }

  /** Takes the lease, lets `write` write the run under it, and launches the runner; gives the lease back if that fails. */
  async #underLease(write: (reading: ReadState, lease: Lease) => Promise<string>, options: StartOptions): Promise<StartedRun> {
    const { store } = this.context;
    const lease = await this.#takeLease();
    let run: Run | null;
    try {
      const id = await write(await this.#read(), lease);
      run = await readRun(store.knex, id);
      if (!run) throw new UpgateError("ERR_UPGATE_RUN_UNKNOWN", `There is no run ${id} in ${store.source.label}.`);
    } catch (error) {
      await whileBusy(() => releaseLease(store.knex, lease.token));
      throw error;
    }
    const { id, kind, fromVersion, toVersion } = run;
    return {
      id,
      kind,
      fromVersion,
      toVersion,
      finished: this.#launch(id, lease, options).catch((error: unknown) => this.#lost(id, error)),
    };
  }

  async #takeLease(): Promise<Lease> {
    const { store } = this.context;
    const { snapshot, leaseAlive } = await this.#read();
    const seen = snapshot.lease ?? (await readLease(store.knex));
    if (!seen || leaseAlive) throw await this.#held(seen);
    const taken = await whileBusy(() => takeLease(store.knex, seen, processIdentity(), store.clock.timestamp()));
    if (!taken) throw await this.#held(null);
    return taken;
  }

  async #begin(run: Run, lease: Lease, change: RunChange): Promise<void> {
    const { store } = this.context;
    const startedAt = run.startedAt ?? store.clock.timestamp();
    // Whoever opens the wizard in mid-run needs it, and on SQLite nobody can write then.
    await ensureCookieSecret(store.knex, startedAt);
    const begun = await whileBusy(() =>
      updateRun(store.knex, run.id, run.status, {
        ...change,
        status: "running",
        phase: "closing",
        epoch: lease.token,
        startedAt,
        finishedAt: null,
        error: null,
      }),
    );
    if (!begun) throw new UpgateError("ERR_UPGATE_STATE", "The run was changed by somebody else meanwhile.");
  }

  async #launch(runId: string, lease: Lease, { where = "process" }: StartOptions): Promise<RunResult> {
    const { store, settings, logger } = this.context;
    const { configFile, dataDir } = settings;
    const keeper = this.#keep(lease);
    if (where === "here" || configFile === null) {
      if (where !== "here")
        logger.warn("upgate: there is no upgate.config file, so the upgrade runs inside this process; a restart would interrupt it.");
      return executeRun(this.#runnerOptions(), runId, keeper);
    }
    try {
      await launchDetached({ configFile, runId, token: lease.token, dataDir });
    } catch (error) {
      // The lease still being ours means that the process ended before it had begun.
      if (isUpgateError(error) && (await readLease(store.knex))?.token === lease.token) await this.#recordFailedStart(runId, error);
    } finally {
      keeper.stop();
    }
    await whileBusy(() => releaseLease(store.knex, lease.token));
    return resultOf(await readRun(store.knex, runId), runId);
  }

  /** Whoever took over, or finds the run without a live lease, goes on; this process can only say so. */
  #lost(id: string, error: unknown): RunResult {
    this.context.logger.error(`upgate: this process lost the run ${id}: ${messageOf(error)}`, error);
    return { id, status: "interrupted", error: null };
  }

  async #recordFailedStart(runId: string, error: UpgateError): Promise<void> {
    const { store, logger } = this.context;
    logger.error(`upgate: ${error.message}`, error);
    const failure = { code: error.code, message: error.message, remedy: error.remedy, migration: null };
    await whileBusy(() =>
      updateRun(store.knex, runId, "running", { status: "failed", error: failure, finishedAt: store.clock.timestamp() }),
    );
  }

  async #changeDraft(change: RunChange): Promise<void> {
    const { store } = this.context;
    const draft = await this.draft();
    if (!(await whileBusy(() => updateRun(store.knex, draft.id, "draft", change))))
      throw new UpgateError("ERR_UPGATE_STATE", "The upgrade has been started meanwhile.");
  }

  #planned(state: VersionState): Run["plan"] {
    const versions = new Map(this.context.settings.release.read().files.map((file) => [file.name, file.version]));
    return state.pending.map((name) => ({ name, version: versions.get(name) ?? state.codeVersion }));
  }

  async #held(lease: Lease | null): Promise<UpgateError> {
    const held = lease?.holder ? lease : await readLease(this.context.store.knex);
    if (!held?.holder) return new UpgateError("ERR_UPGATE_LEASE_HELD", "Another process has just started the upgrade.");
    return new UpgateError(
      "ERR_UPGATE_LEASE_HELD",
      `The upgrade is held by ${held.holder.host} (process ${held.holder.pid}) since ${held.acquiredAt ?? "a moment ago"}.`,
    );
  }

  #keep(lease: Lease): LeaseKeeper {
    return new LeaseKeeper(this.context.store, lease, this.context.settings.options.leaseTtlMs);
  }

  #runnerOptions(): RunnerOptions {
    const { store, settings, logger } = this.context;
    const { pollMs, nodeTtlMs } = settings.options;
    return { store, logger, pollMs, nodeTtlMs, release: settings.release };
  }
}

function startable({ kind, ...state }: VersionState): RunKind {
  if (kind === "fresh") return "install";
  if (kind === "behind") return "upgrade";
  throw notNow({ kind, ...state });
}

function notNow(state: VersionState): UpgateError {
  return new UpgateError("ERR_UPGATE_STATE", state.reason, { remedy: state.remedy });
}

function resultOf(run: Run | null, id: string): RunResult {
  if (run?.status === "completed" || run?.status === "failed" || run?.status === "aborted")
    return { id, status: run.status, error: run.error };
  return { id, status: "interrupted", error: null };
}
