import { randomUUID } from "node:crypto";
import { messageOf } from "../core/errors.js";
import { driverMessage, isBusy } from "../store/driver-errors.js";
import { readNodes, registerNode, removeNode, renewNode } from "../store/nodes.js";
import { ensureTables, whileBusy } from "../store/tables.js";
import type { UpgradeContext } from "./context.js";
import { isProcessAlive, processIdentity } from "./process-identity.js";
import type { ReadState } from "./state-reader.js";

/** The row by which a runner knows this process: registered, renewed every `nodeTtlMs / 3`, and acknowledging each closing. */
export class NodeRow {
  readonly id = randomUUID();
  #registered = false;
  #acknowledged = 0;
  #renewedMs = 0;

  constructor(private readonly context: UpgradeContext) {}

  get isRegistered(): boolean {
    return this.#registered;
  }

  /** The row may be gone: the next `join` makes it anew. */
  doubt(): void {
    this.#registered = false;
  }

  /** While a SQLite migration holds the write lock a node can't register: it reads, but does not open. */
  async join(): Promise<void> {
    if (this.#registered) return;
    try {
      await this.#register();
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
  }

  async #register(): Promise<void> {
    const { store, settings } = this.context;
    await ensureTables(store);
    await removeNode(store.knex, this.id);
    const versions = { codeVersion: settings.options.version, filesVersion: settings.release.filesVersion() };
    await whileBusy(() => registerNode(store.knex, { ...processIdentity(), ...versions, id: this.id, startedAt: store.clock.timestamp() }));
    for (const node of await readNodes(store.knex))
      if (isProcessAlive(node) === false) await whileBusy(() => removeNode(store.knex, node.id));
    this.#registered = true;
    this.#acknowledged = 0;
    this.#renewedMs = store.clock.nowMs();
  }

  /** Acknowledges the closing that the reading shows, else renews the row when it is time. */
  async follow({ state, snapshot }: ReadState): Promise<void> {
    const { store, settings } = this.context;
    const epoch = state.kind === "running" && snapshot.run ? snapshot.run.epoch : 0;
    if (epoch > this.#acknowledged) {
      if (await this.#renew(epoch)) this.#acknowledged = epoch;
      return;
    }
    // While a SQLite migration holds the write lock, a write would block this process; the runner asks nothing of us then.
    const isDue = store.clock.nowMs() - this.#renewedMs >= settings.options.nodeTtlMs / 3;
    if (isDue && !(store.dialect === "sqlite" && state.kind === "running")) await this.#renew();
  }

  async #renew(epoch?: number): Promise<boolean> {
    const { store, settings, logger } = this.context;
    const change = { seenAt: store.clock.timestamp(), filesVersion: settings.release.filesVersion() };
    try {
      this.#registered = await renewNode(store.knex, this.id, { ...change, ...(epoch === undefined ? {} : { epoch }) });
      this.#renewedMs = store.clock.nowMs();
      return this.#registered;
    } catch (error) {
      if (!isBusy(error)) logger.warn(`upgate: the node's row could not be renewed: ${driverMessage(error)}`);
      return false;
    }
  }

  async leave(): Promise<void> {
    if (!this.#registered) return;
    try {
      await removeNode(this.context.store.knex, this.id);
    } catch (error) {
      this.context.logger.warn(`upgate: the node could not be deregistered: ${messageOf(error)}`);
    }
  }
}
