import { remedyOf } from "../core/errors.js";
import { unreadableState, type VersionState } from "../core/version-state.js";
import { driverMessage } from "../store/driver-errors.js";
import type { UpgradeContext } from "./context.js";
import type { Drain } from "./drain.js";
import type { NodeWork } from "./node-work.js";
import type { ReadState } from "./state-reader.js";
import type { Upgrader } from "./upgrader.js";

/** A gate that is looked at often: nothing else is on its path. */
export interface Gate {
  /** It is open until this moment of the monotonic clock, ms; closed: -Infinity. */
  openUntilMs: number;
}

/** What the watcher does something about when the gate closes. */
export interface WatcherParts {
  readonly upgrader: Upgrader;
  readonly drain: Drain;
  /** Ends what is under way, its database work too; where that is not known, the process. */
  readonly end: () => void;
}

/** How far two machines' monotonic clocks may be apart in their pace: a node closes by so much earlier than a runner counts. */
const CLOCK_MARGIN = 0.01;
/** A row is waited for so long before the state is read without it, ms. */
const WRITE_WAIT_MS = 500;
/** How often a closed gate looks whether what was let in is over, ms. */
const DRAIN_LOOK_MS = 25;
/** What was let in has this long to end when the process is closed, ms: within the ten seconds after which managers end it themselves. */
const CLOSE_WAIT_MS = 8000;

/**
 * The node's eye: registers the process, reads the state every `pollMs`, and moves the gates. A reading opens them for
 * `nodeTtlMs` from the moment it was *sent*: a node that can't read closes by itself, also when it was frozen meanwhile. All
 * timers are unref'd. What it does at a poll is loaded beside the start.
 */
export class Watcher {
  /** For requests. */
  readonly gate: Gate = { openUntilMs: -Infinity };
  /** For the operator's own requests while the site is held after a run. */
  readonly bypass: Gate = { openUntilMs: -Infinity };
  /** For the host's statements: stays open while what was let in is not over. */
  readonly queries: Gate = { openUntilMs: -Infinity };
  /** Settles with the first reading, whether it succeeded or not. */
  readonly ready: Promise<void>;

  readonly #work: Promise<NodeWork>;
  readonly #listeners = new Set<(state: VersionState) => void>();
  #state: VersionState;
  #last: ReadState | null = null;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | null = null;
  #polledMs = -Infinity;
  #following: Promise<void> | null = null;
  #settleReady!: () => void;
  readonly #closing = new AbortController();
  #reported = "";

  constructor(
    private readonly context: UpgradeContext,
    private readonly parts: WatcherParts,
  ) {
    this.#work = import("./node-work.js").then(({ NodeWork: Work }) => new Work(context, parts.upgrader));
    this.#work.catch(() => undefined); // told at each poll
    this.#state = unreadableState(context.settings.options.version, context.settings.options.version, "it has not been read yet");
    this.ready = new Promise((resolve) => (this.#settleReady = resolve));
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  get state(): VersionState {
    return this.#state;
  }

  /** Null until the database was read once. */
  get last(): ReadState | null {
    return this.#last;
  }

  /** By which runners know this process. */
  async nodeId(): Promise<string> {
    return (await this.#work).row.id;
  }

  /** Why this node can't write its row; null: it can. */
  async trouble(): Promise<string | null> {
    return (await this.#work).row.trouble;
  }

  start(): void {
    void this.#tick();
  }

  /** Called after every reading with the state that it found. */
  onReading(listener: (state: VersionState) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Reads now. A reading under way may have begun before the caller's change, so another one follows it: one for all who
   * ask meanwhile.
   */
  async refresh(): Promise<VersionState> {
    if (!this.#polling) await this.#poll();
    else await (this.#following ??= this.#polling.then(() => this.#poll()));
    return this.#state;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.gate.openUntilMs = -Infinity;
    this.parts.drain.close();
    clearTimeout(this.#timer);
    if (this.#polling) await this.#polling;
    const isOver = await this.#drained();
    this.#shut();
    // The row of a process that still works on something stays: a runner then waits until the process is gone.
    if (isOver)
      await this.#work.then(
        ({ row }) => row.leave(),
        () => undefined,
      );
  }

  /** What was let in may use the database to its end. False: it has not ended in time. */
  async #drained(): Promise<boolean> {
    const { clock } = this.context.store;
    const untilMs = Math.min(clock.nowMs() + CLOSE_WAIT_MS, this.queries.openUntilMs);
    while (!this.parts.drain.isOver && clock.nowMs() < untilMs) await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    return this.parts.drain.isOver || this.queries.openUntilMs < clock.nowMs();
  }

  async #tick(): Promise<void> {
    const { clock } = this.context.store;
    const { pollMs } = this.context.settings.options;
    const isDue = clock.nowMs() - this.#polledMs >= pollMs;
    if (!this.#polling && (isDue || this.#hasDrained())) await this.#poll();
    if (this.#isClosed) return;
    const ms = this.#isDraining() ? Math.min(DRAIN_LOOK_MS, pollMs) : pollMs;
    this.#timer = setTimeout(() => void this.#tick(), ms);
    this.#timer.unref();
  }

  /** A runner waits for what was let in here. */
  #isDraining(): boolean {
    return this.#unacknowledged !== null;
  }

  /** It need not wait for the next poll to hear of it. */
  #hasDrained(): boolean {
    const { store, settings } = this.context;
    const triedAgo = store.clock.nowMs() - this.#acknowledgedMs;
    return this.#isDraining() && this.parts.drain.isOver && triedAgo >= settings.options.pollMs;
  }

  #poll(): Promise<void> {
    this.#following = null;
    const poll = this.#read().finally(() => {
      if (this.#polling === poll) this.#polling = null;
      this.#settleReady();
    });
    this.#polling = poll;
    return poll;
  }

  async #read(): Promise<void> {
    this.#polledMs = this.context.store.clock.nowMs();
    try {
      const work = await this.#work;
      if (this.#isClosed) return;
      if (this.#isLapsed()) this.#lapse(work);
      // Own row first, then the state: a runner that has counted the nodes before this row was there is then visible to us.
      await soon(work.row.join());
      let reading = await this.#readState(work);
      if (this.#state.kind === "current" && !work.row.isRegistered) {
        // Nothing but its row keeps this node from opening.
        await work.row.join();
        reading = await this.#readState(work);
      }
      if (this.#isClosed) return;
      await this.#follow(work, reading);
      if (await work.react(reading, this.#closing.signal)) await this.#readState(work);
    } catch (error) {
      await this.#failed(error);
    }
    for (const listener of this.#listeners) listener(this.#state);
  }

  /** What would open a closed gate is asked again of the primary: a replica may not know of the run for which it was closed. */
  async #readState(work: NodeWork, fromPrimary = false): Promise<ReadState> {
    const { store, settings } = this.context;
    const sentMs = store.clock.nowMs();
    const reading = await work.read({ fromPrimary });
    if (this.#isClosed) return reading;
    const mayOpen = (reading.state.kind === "current" || reading.state.kind === "held") && work.row.isRegistered;
    if (mayOpen && !fromPrimary && store.dialect !== "sqlite" && this.#openUntilMs <= store.clock.nowMs())
      return this.#readState(work, true);
    const state = this.#joined(work, reading.state);
    this.#last = reading;
    this.#state = state;
    // An answer that comes too late extends nothing: a runner may have passed this node over before it came.
    if (this.#isLapsed()) this.#lapse(work);
    const opens = work.row.wasRegisteredAt(sentMs) ? state.kind : null;
    this.#move(opens, settings.options.onDatabaseLoss === "stay" ? Infinity : sentMs + settings.options.nodeTtlMs * (1 - CLOCK_MARGIN));
    this.#report(`${state.kind}: ${state.reason}`, state.kind === "current" ? "info" : "warn");
    return reading;
  }

  /** A node that can't make its row stays closed whatever it reads, and says why. */
  #joined({ row }: NodeWork, state: VersionState): VersionState {
    if (row.isRegistered || row.trouble === null || state.kind === "running") return state;
    return unreadableState(state.codeVersion, state.filesVersion, row.trouble);
  }

  /** `kind`: the state as this node may act on it. */
  #move(kind: VersionState["kind"] | null, untilMs: number): void {
    const { drain } = this.parts;
    this.gate.openUntilMs = kind === "current" ? untilMs : -Infinity;
    this.bypass.openUntilMs = kind === "held" ? untilMs : -Infinity;
    if (kind === "current") drain.open();
    else drain.close();
    // Whoever was let in may go on, but not after this node may have been passed over.
    const mayGoOn = this.queries.openUntilMs > this.context.store.clock.nowMs() && !drain.isOver;
    this.queries.openUntilMs = kind === "current" || kind === "held" || mayGoOn ? untilMs : -Infinity;
  }

  /** Closing asked of this node, and not acknowledged yet. */
  #unacknowledged: number | null = null;
  /** When it was last tried. */
  #acknowledgedMs = -Infinity;

  /** Tells the runner what is under way here, and at last that nothing is; else renews the row when it is time. */
  async #follow(work: NodeWork, { state, snapshot }: ReadState): Promise<void> {
    const { row } = work;
    const { drain, end } = this.parts;
    const epoch = state.kind === "running" && snapshot.run ? snapshot.run.epoch : 0;
    this.#unacknowledged = row.hasAcknowledged(epoch) ? null : epoch;
    if (this.#unacknowledged === null) {
      // While a SQLite migration holds the write lock, a write would block this process; the runner asks nothing of us then.
      if (row.isRenewalDue && !(this.context.store.dialect === "sqlite" && state.kind === "running")) {
        void row.renew(drain.list());
        void work.tidy();
      }
      return;
    }
    const isEnding = snapshot.run?.drain === "ending" && !drain.isOver;
    if (isEnding) {
      this.queries.openUntilMs = -Infinity;
      end();
    }
    if (!isEnding && !drain.isOver) return void row.renew(drain.list());
    this.queries.openUntilMs = -Infinity;
    this.#acknowledgedMs = this.context.store.clock.nowMs();
    await soon(row.acknowledge(epoch, drain.list()));
    if (row.hasAcknowledged(epoch)) this.#unacknowledged = null;
  }

  /** For anybody, be it the operator alone. */
  get #openUntilMs(): number {
    return Math.max(this.gate.openUntilMs, this.bypass.openUntilMs);
  }

  /** It was open and could not be kept so: a runner may have passed this node over, and removed its row. */
  #isLapsed(): boolean {
    return this.#openUntilMs !== -Infinity && this.context.store.clock.nowMs() > this.#openUntilMs;
  }

  #lapse({ row }: NodeWork): void {
    row.doubt();
    this.#shut();
  }

  #shut(): void {
    this.gate.openUntilMs = this.bypass.openUntilMs = this.queries.openUntilMs = -Infinity;
    this.parts.drain.close();
  }

  async #failed(error: unknown): Promise<void> {
    const isOpen = this.context.store.clock.nowMs() < this.#openUntilMs;
    if (!isOpen) {
      const { version } = this.context.settings.options;
      this.#state = unreadableState(version, this.#state.filesVersion, driverMessage(error), remedyOf(error));
      await this.#work.then(
        (work) => this.#lapse(work),
        () => this.#shut(),
      );
    }
    this.#report(`${isOpen ? "the gate stays open, but " : ""}the state can't be read: ${driverMessage(error)}`, "error");
  }

  /** Says every change once. */
  #report(text: string, level: "info" | "warn" | "error"): void {
    if (text === this.#reported) return;
    this.#reported = text;
    this.context.logger[level](`upgate: ${text}`);
  }
}

/** Resolves with the write, or without it: on a cluster that carries DDL out, writes wait and reads don't. */
async function soon(write: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, WRITE_WAIT_MS).unref()));
  await Promise.race([write, patience]);
  clearTimeout(timer);
}
