import { randomUUID } from "node:crypto";
import type { VersionState } from "../core/version-state.js";
import { messageOf } from "../core/errors.js";
import { driverMessage, isBusy } from "../store/driver-errors.js";
import { readNodes, registerNode, removeNode, renewNode } from "../store/nodes.js";
import { ensureTables, whileBusy } from "../store/tables.js";
import { type UpgradeContext, unreadableState } from "./context.js";
import { isProcessAlive, processIdentity } from "./process-identity.js";
import type { Reaction } from "./reactions.js";
import { type ReadState, StateReader } from "./state-reader.js";

/** What the guard looks at on every request: nothing else is on its path. */
export interface Gate {
  /** The gate is open until this moment of the monotonic clock, ms; closed: -Infinity. */
  openUntilMs: number;
}

/**
 * The node's eye and its row: registers the process, reads the state every `pollMs`, renews the row every `nodeTtlMs / 3`,
 * and moves the gate. A reading opens the gate for `nodeTtlMs` from the moment it was *sent*: a node that can't read closes
 * by itself, also when it was frozen meanwhile. All timers are unref'd.
 */
export class Watcher {
  readonly gate: Gate = { openUntilMs: -Infinity };
  /** Settles with the first reading, whether it succeeded or not. */
  readonly ready: Promise<void>;
  readonly nodeId = randomUUID();

  readonly #reader: StateReader;
  readonly #listeners = new Set<(state: VersionState) => void>();
  #state: VersionState;
  #last: ReadState | null = null;
  #registered = false;
  #acknowledged = 0;
  #renewedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | null = null;
  #following: Promise<void> | null = null;
  #settleReady!: () => void;
  #closed = false;
  #reported = "";

  constructor(
    private readonly context: UpgradeContext,
    private readonly reactions: readonly Reaction[] = [],
  ) {
    this.#reader = new StateReader(context);
    this.#state = unreadableState(context.settings.options.version, context.settings.options.version, "it has not been read yet");
    this.ready = new Promise((resolve) => (this.#settleReady = resolve));
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
    this.#closed = true;
    this.gate.openUntilMs = -Infinity;
    clearTimeout(this.#timer);
    if (this.#polling) await this.#polling;
    if (!this.#registered) return;
    try {
      await removeNode(this.context.store.knex, this.nodeId);
    } catch (error) {
      this.context.logger.warn(`upgate: the node could not be deregistered: ${messageOf(error)}`);
    }
  }

  async #tick(): Promise<void> {
    if (!this.#polling) await this.#poll();
    if (this.#closed) return;
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
    const { store, settings } = this.context;
    try {
      await this.#joinUnlessBusy();
      const sentMs = store.clock.nowMs();
      const reading = await this.#reader.read();
      if (this.#closed) return;
      this.#last = reading;
      this.#apply(reading.state, sentMs);
      await this.#acknowledge(reading);
      if (await this.#react(reading)) await this.#readAgain();
    } catch (error) {
      this.#failed(error, settings.options.version);
    }
    for (const listener of this.#listeners) listener(this.#state);
  }

  async #readAgain(): Promise<void> {
    const sentMs = this.context.store.clock.nowMs();
    const reading = await this.#reader.read();
    if (this.#closed) return;
    this.#last = reading;
    this.#apply(reading.state, sentMs);
  }

  /** One change at a time: the state after it decides about the next. */
  async #react(reading: ReadState): Promise<boolean> {
    if (!this.#registered) return false;
    for (const react of this.reactions) if (await react(reading)) return true;
    return false;
  }

  /** While a SQLite migration holds the write lock a node can't register: it reads, but does not open. */
  async #joinUnlessBusy(): Promise<void> {
    try {
      await this.#join();
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
  }

  /** Own row first, then the state: a runner that has counted the nodes before this row was there is then visible to us. */
  async #join(): Promise<void> {
    const { store, settings } = this.context;
    if (this.#wasOpen() && store.clock.nowMs() > this.gate.openUntilMs) this.#registered = false;
    if (this.#registered) return;
    await ensureTables(store);
    await removeNode(store.knex, this.nodeId);
    const release = settings.release.filesVersion();
    await whileBusy(() =>
      registerNode(store.knex, {
        ...processIdentity(),
        id: this.nodeId,
        codeVersion: settings.options.version,
        filesVersion: release,
        startedAt: store.clock.timestamp(),
      }),
    );
    for (const node of await readNodes(store.knex))
      if (isProcessAlive(node) === false) await whileBusy(() => removeNode(store.knex, node.id));
    this.#registered = true;
    this.#acknowledged = 0;
    this.#renewedMs = store.clock.nowMs();
  }

  #wasOpen(): boolean {
    return this.gate.openUntilMs !== -Infinity;
  }

  #apply(state: VersionState, sentMs: number): void {
    this.#state = state;
    this.gate.openUntilMs = state.kind === "current" && this.#registered ? sentMs + this.context.settings.options.nodeTtlMs : -Infinity;
    this.#report(`${state.kind}: ${state.reason}`, state.kind === "current" ? "info" : "warn");
  }

  async #acknowledge({ state, snapshot }: ReadState): Promise<void> {
    const { store, settings } = this.context;
    const epoch = state.kind === "running" && snapshot.run ? snapshot.run.epoch : 0;
    const now = store.clock.nowMs();
    if (epoch > this.#acknowledged) {
      if (await this.#renew(epoch)) this.#acknowledged = epoch;
      return;
    }
    // While a SQLite migration holds the write lock, a write would block this process; the runner asks nothing of us then.
    const due = now - this.#renewedMs >= settings.options.nodeTtlMs / 3;
    if (due && !(store.dialect === "sqlite" && state.kind === "running")) await this.#renew();
  }

  async #renew(epoch?: number): Promise<boolean> {
    const { store, settings } = this.context;
    try {
      const change = {
        seenAt: store.clock.timestamp(),
        filesVersion: settings.release.filesVersion(),
        ...(epoch === undefined ? {} : { epoch }),
      };
      this.#registered = await renewNode(store.knex, this.nodeId, change);
      this.#renewedMs = store.clock.nowMs();
      // Taken for dead: the gate may open again only after the new row is there.
      if (!this.#registered) this.gate.openUntilMs = -Infinity;
      return this.#registered;
    } catch (error) {
      if (!isBusy(error)) this.context.logger.warn(`upgate: the node's row could not be renewed: ${driverMessage(error)}`);
      return false;
    }
  }

  #failed(error: unknown, version: string): void {
    const open = this.context.store.clock.nowMs() < this.gate.openUntilMs;
    if (!open) {
      this.gate.openUntilMs = -Infinity;
      this.#state = unreadableState(version, this.#state.filesVersion, error);
      this.#registered = false;
    }
    this.#report(`${open ? "the gate stays open, but " : ""}the state can't be read: ${driverMessage(error)}`, "error");
  }

  /** Says every change once. */
  #report(text: string, level: "info" | "warn" | "error"): void {
    if (text === this.#reported) return;
    this.#reported = text;
    this.context.logger[level](`upgate: ${text}`);
  }
}
