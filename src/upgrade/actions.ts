import type { Check } from "../core/check.js";
import { isUpgateError, remedyOf, UpgateError } from "../core/errors.js";
import type { PlannedMigration } from "../core/plan.js";
import type { DrainAnswer, IgnoredChecks, Lease, Run } from "../core/run.js";
import { unreadableState, type VersionState } from "../core/version-state.js";
import { driverMessage } from "../store/driver-errors.js";
import { releaseLease } from "../store/lease.js";
import { insertDraft, readActiveRun, readRun, type RunChange, updateRun } from "../store/runs.js";
import { ensureSecret } from "../store/secrets.js";
import { ensureTables, whileBusy } from "../store/tables.js";
import { adopt, adoptHistory } from "./adoption.js";
import { type AuditEvent, HOST, recordAudit } from "./audit.js";
import { type BaselineOptions, recordBaseline } from "./baseline.js";
import { carryOut, isHere, takeOver } from "./carry-out.js";
import type { UpgradeContext } from "./context.js";
import { changeDraft, claimOf, GIVEN_UP, notNow, openDraft, OPENED, refuseOlder, startableKind } from "./drafts.js";
import { answerDoubt } from "./journal/doubt.js";
import { leaseHeld, takeFreeLease } from "./leasing.js";
import type { RepairAction } from "./migration-checks.js";
import { refuseMixedNodes } from "./node-checks.js";
import { weighPlan } from "./plan-weights.js";
import { openPreflight, readBlockers, readDecisiveChecks, tryPrivileges } from "./preflight.js";
import { takeRehearsal } from "./rehearsal-record.js";
import { beginRestore, chooseBackup, refuseUnrestorable } from "./restore-start.js";
import { repair, type Repaired } from "./repair.js";
import type { RunResult } from "./run-result.js";
import type { Confirmation, PrepareOptions, RestoreOptions, RunOptions, StartedRun, StartOptions } from "./run-requests.js";
import { type ReadState, StateReader } from "./state-reader.js";
import type { UpgradeStatus } from "./status.js";
import { StatusReader } from "./status-reader.js";

/** What the upgrader does; its methods are described there. */
export class UpgradeActions {
  readonly #reader: StateReader;
  readonly #status: StatusReader;
  readonly #closing = new AbortController();
  readonly #runsHere = new Set<Promise<RunResult>>();

  constructor(private readonly context: UpgradeContext) {
    this.#reader = new StateReader(context);
    this.#status = new StatusReader(context.store);
  }

  async state(): Promise<VersionState> {
    try {
      return (await this.#reader.read()).state;
    } catch (error) {
      const { options, release } = this.context.settings;
      return unreadableState(options.version, release.filesVersion(), driverMessage(error), remedyOf(error));
    }
  }

  async holder(): Promise<UpgateError> {
    return leaseHeld(this.context.store, (await this.#read()).lease);
  }

  async status(): Promise<UpgradeStatus> {
    const { state } = await this.#read();
    return this.statusOf(state);
  }

  statusOf(state: VersionState): Promise<UpgradeStatus> {
    return this.#status.read(state);
  }

  async plan(): Promise<PlannedMigration[]> {
    const { state } = await this.#read();
    return (await this.#planned(state)).map((migration) => ({ ...migration, status: "pending", ms: null }));
  }

  async draft(): Promise<Run> {
    const { state } = await this.#read();
    return openDraft(this.context.store, state);
  }

  acceptLicense(hash: string): Promise<void> {
    return this.#changeDraft({ licenseAcceptedAt: this.context.store.clock.timestamp(), licenseHash: hash });
  }

  markReviewed(ignoredChecks: IgnoredChecks | null): Promise<void> {
    return this.#changeDraft({ reviewedAt: this.context.store.clock.timestamp(), ignoredChecks });
  }

  preflight(): Promise<Check[]> {
    return readBlockers(this.context);
  }

  async start({ backup, hold = false, ignoreChecks, ...options }: StartOptions = {}): Promise<StartedRun> {
    const { store } = this.context;
    const before = await this.#read();
    if (before.state.kind === "running") throw await leaseHeld(store, before.lease);
    startableKind(before.state);
    const preflight = await openPreflight(this.context, before.state, ignoreChecks);
    preflight.pass(await readDecisiveChecks(this.context));
    await ensureTables(store);
    await refuseMixedNodes(this.context);
    return this.#underLease("start", { by: confirmationOf(backup), ...options }, async ({ state }, lease) => {
      // Under the lease no other process makes a backup that would meet the scratch table.
      preflight.pass(await tryPrivileges(this.context));
      const draft = await openDraft(store, state);
      const claim = backup && claimOf(backup, draft, store.clock.timestamp());
      const rehearsed = await takeRehearsal(store, draft, await this.#planned(state));
      const plan = await weighPlan(store, rehearsed, (await this.context.settings.release.read()).files);
      return this.#begin(draft, lease, options, { plan, hold, ...(claim ? { backup: claim } : {}), ...(await preflight.record(store)) });
    });
  }

  async prepare({ goal, confirmation, ignoreChecks, ...options }: PrepareOptions): Promise<StartedRun> {
    const { store } = this.context;
    const before = await this.#read();
    if (before.state.kind === "running") throw await leaseHeld(store, before.lease);
    if (startableKind(before.state) === "install") throw nothingToBackUp();
    const preflight = await openPreflight(this.context, before.state, ignoreChecks);
    preflight.pass(await readDecisiveChecks(this.context));
    await ensureTables(store);
    await refuseMixedNodes(this.context);
    return this.#underLease(goal, { by: confirmation, ...options }, async ({ state }, lease) => {
      preflight.pass(await tryPrivileges(this.context));
      const draft = await openDraft(store, state);
      const kept = goal === "rehearsal" && draft.phase === "ready" ? draft.backup : null;
      const backup = kept ?? { ...confirmation, kind: "wanted" as const, confirmedAt: store.clock.timestamp() };
      return this.#begin(draft, lease, options, { goal, backup, plan: await this.#planned(state), ...(await preflight.record(store)) });
    });
  }

  async restore({ backup, confirmation, ...options }: RestoreOptions): Promise<StartedRun> {
    const { store } = this.context;
    const before = await this.#read();
    if (before.state.kind === "running" && before.leaseAlive) throw await leaseHeld(store, before.lease);
    const manifest = await chooseBackup(this.context, backup);
    refuseUnrestorable(this.context, manifest);
    await ensureTables(store);
    return this.#underLease("restore", { by: confirmation, ...options }, async ({ state }, lease) => {
      const run = await beginRestore(this.context, state, manifest, confirmation);
      return this.#begin(run, lease, options, { goal: "restore" });
    });
  }

  resume(options: RunOptions = {}): Promise<StartedRun> {
    return this.#again("interrupted", options);
  }

  retry(options: RunOptions = {}): Promise<StartedRun> {
    return this.#again("failed", options);
  }

  async answerDrain(answer: DrainAnswer, by: Confirmation = HOST): Promise<void> {
    const { store } = this.context;
    const { state } = await this.#read();
    const drain = ({ wait: "waiting", end: "ending", abort: "aborting" } as const)[answer];
    const { run } = state;
    if (state.kind !== "running" || run?.phase !== "closing") throw notNow(state);
    if (!(await whileBusy(() => updateRun(store.knex, run.id, "running", { drain })))) throw notNow(state);
    await recordAudit(store, `drain-${answer}`, by, run.id);
  }

  async open(by: Confirmation = HOST): Promise<void> {
    const { store } = this.context;
    const { state } = await this.#read();
    const { run } = state;
    const isPrepared = run?.status === "draft";
    if (!run || (state.kind !== "held" && !isPrepared)) throw notNow(state);
    const change = isPrepared ? GIVEN_UP : OPENED;
    if (!(await whileBusy(() => updateRun(store.knex, run.id, run.status, change)))) throw notNow(state);
    await recordAudit(store, isPrepared ? "give-up" : "open", by, run.id);
  }

  async baseline(version: string, options: BaselineOptions = {}): Promise<string[]> {
    const { store } = this.context;
    const { state } = await this.#read();
    const isUnversioned = state.kind === "unversioned" || (state.kind === "behind" && state.installedVersion === null);
    if (!isUnversioned) throw notNow(state);
    await ensureTables(store);
    const lease = await takeFreeLease(this.context, await this.#read());
    try {
      return await recordBaseline(this.context, await this.#read(), version, options);
    } finally {
      await whileBusy(() => releaseLease(store.knex, lease.token));
    }
  }

  async adopt(): Promise<boolean> {
    return adopt(this.context, await this.#read());
  }

  repair(action: RepairAction, migration: string, by: Confirmation = HOST): Promise<Repaired> {
    return repair(this.context, () => this.#read(), { action, migration, by });
  }

  execute(runId: string, token: number, signal?: AbortSignal): Promise<RunResult> {
    return takeOver(this.context, runId, token, signal);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("The application was closed."));
    await Promise.all(this.#runsHere);
  }

  async #again(kind: "interrupted" | "failed", options: RunOptions): Promise<StartedRun> {
    const { store } = this.context;
    const before = await this.#read();
    if (before.state.kind === "running") throw await leaseHeld(store, before.lease);
    // A statement in doubt is answered by either.
    const answers = options.inDoubt !== undefined && before.state.run?.error?.inDoubt !== undefined;
    if (before.state.kind !== kind && !(answers && before.state.kind === "failed")) throw notNow(before.state);
    const event = options.inDoubt === undefined ? (kind === "failed" ? "retry" : "resume") : (`in-doubt-${options.inDoubt}` as const);
    return this.#underLease(event, { by: options.insteadOfBackup ?? HOST, ...options }, async (reading, lease) => {
      const { state } = reading;
      const run = await readActiveRun(store.knex);
      if (!run || run.status === "draft") throw notNow(state);
      await answerDoubt(store, run, lease.token, options.inDoubt);
      if (run.kind === "restore") return this.#begin(run, lease, options, { goal: "restore" });
      if (run.toVersion !== state.codeVersion) return this.#supersede(run, reading, lease, options);
      const pending = await this.#planned(state);
      const names = new Set(pending.map(({ name }) => name));
      const known = new Map(run.plan.map((entry) => [entry.name, entry]));
      const plan = [...run.plan.filter(({ name }) => !names.has(name)), ...pending.map((entry) => known.get(entry.name) ?? entry)];
      return this.#begin(run, lease, options, { plan, ...otherBackup(run, options, store.clock.timestamp()) });
    });
  }

  async #supersede(old: Run, { state, history }: ReadState, lease: Lease, options: RunOptions): Promise<Run> {
    const { store, logger } = this.context;
    refuseOlder(old, state, history.entries);
    const now = store.clock.timestamp();
    await whileBusy(() => updateRun(store.knex, old.id, old.status, { status: "superseded", active: false, finishedAt: now }));
    const { kind, licenseAcceptedAt, licenseHash, reviewedAt } = old;
    const next = { kind, fromVersion: state.installedVersion, toVersion: state.codeVersion, licenseAcceptedAt, licenseHash, reviewedAt };
    const id = await whileBusy(() => insertDraft(store.knex, { ...next, createdAt: now }));
    const change = { plan: await this.#planned(state), hold: old.hold, ...(old.backup ? { backup: old.backup } : {}) };
    const run = await this.#begin((await readRun(store.knex, id)) as Run, lease, options, change);
    logger.warn(`upgate: the run ${old.id} to ${old.toVersion} is superseded by ${id} to ${state.codeVersion}.`);
    return run;
  }

  /** Takes the lease, lets `begin` write the run under it, and has it carried out; gives the lease back if that fails, or can't be audited. */
  async #underLease(
    event: AuditEvent,
    { where = "process", signal, by = HOST }: RunOptions,
    begin: (reading: ReadState, lease: Lease) => Promise<Run>,
  ): Promise<StartedRun> {
    const { store } = this.context;
    const lease = await takeFreeLease(this.context, await this.#read());
    try {
      const reading = await this.#read();
      await adoptHistory(this.context, reading);
      const { id, kind, fromVersion, toVersion } = await begin(reading, lease);
      await recordAudit(store, event, by, id);
      const stop = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
      const finished = carryOut(this.context, id, lease, where, stop);
      if (isHere(this.context, where)) this.#runsHere.add(finished);
      void finished.then(() => this.#runsHere.delete(finished));
      return { id, kind, fromVersion, toVersion, finished };
    } catch (error) {
      await whileBusy(() => releaseLease(store.knex, lease.token));
      throw error;
    }
  }

  async #begin(run: Run, lease: Lease, { drain = this.context.settings.options.drain }: RunOptions, change: RunChange): Promise<Run> {
    const { store } = this.context;
    const startedAt = run.startedAt ?? store.clock.timestamp();
    // Whoever opens the wizard in mid-run needs it, and on SQLite nobody can write then.
    await ensureSecret(store.knex, "cookie", startedAt);
    const closing = { goal: "upgrade", status: "running", phase: "closing", epoch: lease.token, drain } as const;
    const begun = { ...closing, ...change, startedAt, finishedAt: null, error: null };
    if (await whileBusy(() => updateRun(store.knex, run.id, run.status, begun))) return run;
    throw new UpgateError("ERR_UPGATE_STATE", "The run was changed by somebody else meanwhile.");
  }

  async #changeDraft(change: RunChange): Promise<void> {
    const { state } = await this.#read();
    await changeDraft(this.context.store, state, change);
  }

  async #planned(state: VersionState): Promise<Run["plan"]> {
    const { files } = await this.context.settings.release.read();
    const versions = new Map(files.map((file) => [file.name, file.version]));
    return state.pending.map((name) => ({ name, version: versions.get(name) ?? state.codeVersion }));
  }

  async #read(): Promise<ReadState> {
    try {
      return await this.#reader.read();
    } catch (cause) {
      if (isUpgateError(cause)) throw cause;
      throw new UpgateError("ERR_UPGATE_DATABASE", `The database can't be read: ${driverMessage(cause)}`, { cause });
    }
  }
}

function confirmationOf(backup: Confirmation | undefined): Confirmation {
  if (backup === undefined) return HOST;
  const { address, session } = backup;
  return session === undefined ? { address } : { address, session };
}

function otherBackup({ backup }: Run, { insteadOfBackup }: RunOptions, confirmedAt: string): Pick<RunChange, "backup"> {
  if (insteadOfBackup === undefined || backup?.kind !== "wanted") return {};
  return { backup: { ...insteadOfBackup, kind: "own", confirmedAt } };
}

function nothingToBackUp(): UpgateError {
  return new UpgateError("ERR_UPGATE_STATE", "The database is empty: there is nothing to back up.", { remedy: "Start the installation." });
}
