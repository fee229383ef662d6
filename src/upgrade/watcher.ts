import { remedyOf } from "../core/errors.js";
import { unreadableState, type VersionState } from "../core/version-state.js";
import { driverMessage } from "../store/driver-errors.js";
import type { UpgradeContext } from "./context.js";
import type { NodeWork } from "./node-work.js";
import type { ReadState } from "./state-reader.js";
import type { Upgrader } from "./upgrader.js";

/** What the guard looks at on every request: nothing else is on its path. */
export interface Gate {
  /** The gate is open until this moment of the monotonic clock, ms; closed: -Infinity. */
  openUntilMs: number;
}

/**
 * The node's eye: registers the process, reads the state every `pollMs`, and moves the gate. A reading opens the gate for
 * `nodeTtlMs` from the moment it was *sent*: a node that can't read closes by itself, also when it was frozen meanwhile. All
 * timers are unref'd. What it does at a poll is loaded beside the start.
 */
export class Watcher {
  readonly gate: Gate = { openUntilMs: -Infinity };
  /** Settles with the first reading, whether it succeeded or not. */
  readonly ready: Promise<void>;

  readonly #work: Promise<NodeWork>;
  readonly #listeners = new Set<(state: VersionState) => void>();
  #state: VersionState;
  #last: ReadState | null = null;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | null = null;
  #following: Promise<void> | null = null;
  #settleReady!: () => void;
  readonly #closing = new AbortController();
  #reported = "";

  constructor(
    private readonly context: UpgradeContext,
    upgrader: Upgrader,
  ) {
    this.#work = import("./node-work.js").then(({ NodeWork: Work }) => new Work(context, upgrader));
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
    clearTimeout(this.#timer);
    if (this.#polling) await this.#polling;
    await this.#work.then(
      ({ row }) => row.leave(),
      () => undefined,
    );
  }

  async #tick(): Promise<void> {
    if (!this.#polling) await this.#poll();
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#tick(), this.context.settings.options.pollMs);
    this.#timer.unref();
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
    try {
      const work = await this.#work;
      if (this.#isClosed) return;
      if (this.#isLapsed()) work.row.doubt();
      // Own row first, then the state: a runner that has counted the nodes before this row was there is then visible to us.
      await work.row.join();
      const reading = await this.#readState(work);
      if (this.#isClosed) return;
      await work.row.follow(reading);
      // Taken for dead: the gate may open again only after the new row is there.
      if (!work.row.isRegistered) this.gate.openUntilMs = -Infinity;
      if (await work.react(reading, this.#closing.signal)) await this.#readState(work);
    } catch (error) {
      await this.#failed(error);
    }
    for (const listener of this.#listeners) listener(this.#state);
  }

  async #readState(work: NodeWork): Promise<ReadState> {
    const { store, settings } = this.context;
    const sentMs = store.clock.nowMs();
    const reading = await work.read();
    if (this.#isClosed) return reading;
    const { state } = reading;
    this.#last = reading;
    this.#state = state;
    this.gate.openUntilMs = state.kind === "current" && work.row.isRegistered ? sentMs + settings.options.nodeTtlMs : -Infinity;
    this.#report(`${state.kind}: ${state.reason}`, state.kind === "current" ? "info" : "warn");
    return reading;
  }

  /** It was open and could not be kept so: a runner may have passed this node over, and removed its row. */
  #isLapsed(): boolean {
    return this.gate.openUntilMs !== -Infinity && this.context.store.clock.nowMs() > this.gate.openUntilMs;
  }

  async #failed(error: unknown): Promise<void> {
    const isOpen = this.context.store.clock.nowMs() < this.gate.openUntilMs;
    if (!isOpen) {
      this.gate.openUntilMs = -Infinity;
      const { version } = this.context.settings.options;
      this.#state = unreadableState(version, this.#state.filesVersion, driverMessage(error), remedyOf(error));
      await this.#work.then(
        ({ row }) => row.doubt(),
        () => undefined,
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
