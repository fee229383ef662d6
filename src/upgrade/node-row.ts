import { randomUUID } from "node:crypto";
import { messageOf } from "../core/errors.js";
import { driverMessage, isBusy } from "../store/driver-errors.js";
import { readNodes, registerNode, removeNode, renewNode } from "../store/nodes.js";
import { ensureTables, whileBusy } from "../store/tables.js";
import type { UpgradeContext } from "./context.js";
import type { Admitted } from "./drain.js";
import { isProcessAlive, processIdentity } from "./process-identity.js";

/**
 * The row by which a runner knows this process. Written beside the reading of the state, one write at a time and never waited
 * for: while DDL runs, a Galera cluster lets reads through and writes wait.
 */
export class NodeRow {
  readonly id = randomUUID();
  #registeredMs = Number.POSITIVE_INFINITY;
  #acknowledged = 0;
  #renewedMs = 0;
  #writing: Promise<void> | null = null;
  #trouble: string | null = null;

  constructor(private readonly context: UpgradeContext) {}

  get isRegistered(): boolean {
    return this.#registeredMs !== Number.POSITIVE_INFINITY;
  }

  /** Why the row could not be written the last time; null: it could. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Whether a state that was asked for at that moment of the monotonic clock is one that a runner knew this node at, ms. */
  wasRegisteredAt(ms: number): boolean {
    return ms >= this.#registeredMs;
  }

  hasAcknowledged(epoch: number): boolean {
    return this.#acknowledged >= epoch;
  }

  /** The row may be gone: the next `join` makes it anew. */
  doubt(): void {
    this.#registeredMs = Number.POSITIVE_INFINITY;
  }

  /** Resolves when the attempt is over. While a SQLite migration holds the write lock a node can't register: it reads, but does not open. */
  async join(): Promise<void> {
    if (!this.isRegistered) await this.#write(() => this.#register());
  }

  async #register(): Promise<void> {
    const { store, settings } = this.context;
    await ensureTables(store);
    await removeNode(store.knex, this.id);
    const versions = { codeVersion: settings.options.version, filesVersion: settings.release.filesVersion() };
    await whileBusy(() => registerNode(store.knex, { ...processIdentity(), ...versions, id: this.id, startedAt: store.clock.timestamp() }));
    this.#acknowledged = 0;
    this.#registeredMs = this.#renewedMs = store.clock.nowMs();
    for (const node of await readNodes(store.knex))
      if (isProcessAlive(node) === false) await whileBusy(() => removeNode(store.knex, node.id));
  }

  get isRenewalDue(): boolean {
    const { store, settings } = this.context;
    return store.clock.nowMs() - this.#renewedMs >= settings.options.nodeTtlMs / 3;
  }

  /** Tells that this process lives, and what it still has under way. */
  renew(admitted: readonly Admitted[]): Promise<void> {
    return this.#write(() => this.#renew(admitted));
  }

  /** Tells the runner that nothing is under way here any more, and that nothing will be. */
  acknowledge(epoch: number, admitted: readonly Admitted[]): Promise<void> {
    return this.#write(async () => {
      if (await this.#renew(admitted, epoch)) this.#acknowledged = Math.max(this.#acknowledged, epoch);
    });
  }

  async #renew(admitted: readonly Admitted[], epoch?: number): Promise<boolean> {
    const { store, settings } = this.context;
    const isRenewed = await renewNode(store.knex, this.id, {
      seenAt: store.clock.timestamp(),
      filesVersion: settings.release.filesVersion(),
      inFlight: admitted.length,
      oldest: admitted[0] ?? null,
      ...(epoch === undefined ? {} : { epoch }),
    });
    // Somebody has taken this node for dead.
    if (!isRenewed) this.doubt();
    this.#renewedMs = store.clock.nowMs();
    return isRenewed;
  }

  /** One at a time: what comes while another one is under way is left out, and comes again with the next poll. */
  #write(work: () => Promise<unknown>): Promise<void> {
    this.#writing ??= this.#attempt(work).finally(() => (this.#writing = null));
    return this.#writing;
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.#trouble = null;
    } catch (error) {
      if (isBusy(error)) return;
      const trouble = driverMessage(error);
      if (trouble !== this.#trouble) this.context.logger.warn(`upgate: the node's row could not be written: ${trouble}`);
      this.#trouble = trouble;
    }
  }

  async leave(): Promise<void> {
    await this.#writing;
    if (!this.isRegistered) return;
    try {
      await removeNode(this.context.store.knex, this.id);
    } catch (error) {
      this.context.logger.warn(`upgate: the node could not be deregistered: ${messageOf(error)}`);
    }
  }
}
