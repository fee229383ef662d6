import { setTimeout as pause } from "node:timers/promises";
import type { Knex } from "knex";
import { UpgateError } from "../core/errors.js";
import { driverMessage } from "../store/driver-errors.js";
import { connectHost } from "../store/connect.js";
import { forgetConnection, IDENTIFY_SQL, isFencedOff, type NodeConnection, registerConnection } from "../store/node-connections.js";
import { type GatedPool, gateKnex, type QueryGate } from "../store/query-gate.js";
import type { UpgradeContext } from "./context.js";
import type { Watcher } from "./watcher.js";

/** A statement that comes before the first reading of the state is held this long, ms; as the guard holds requests. */
const FIRST_STATE_WAIT_MS = 2000;

/**
 * The host's own knex behind the gate: the instance that it gave, or one made of its configuration when it is first asked for. Each
 * connection is registered before its first statement, so that a runner which passes this node over can end it.
 */
export class HostPool implements QueryGate {
  #knex: Knex | null;
  #pool: GatedPool | null = null;
  readonly #registered = new WeakMap<object, NodeConnection>();

  constructor(
    private readonly context: UpgradeContext,
    private readonly watcher: () => Pick<Watcher, "queries" | "ready" | "state" | "nodeId">,
  ) {
    this.#knex = context.settings.database.instance;
    if (this.#knex) this.#pool = gateKnex(this.#knex, this);
  }

  get knex(): Knex {
    if (this.#knex === null) {
      this.#knex = connectHost(this.context.settings.database);
      this.#pool = gateKnex(this.#knex, this);
    }
    return this.#knex;
  }

  /** Whether the host has given its knex or taken this one; else it has connections that nobody knows. */
  get isKnown(): boolean {
    return this.#knex !== null;
  }

  /** Ends all connections, also those in use. */
  cut(): void {
    this.#pool?.cut();
  }

  /** An instance of the host's stays its own. */
  async close(): Promise<void> {
    if (this.#knex && this.#knex !== this.context.settings.database.instance) await this.#knex.destroy();
  }

  isOpen(): boolean {
    return this.watcher().queries.openUntilMs > this.context.store.clock.nowMs();
  }

  async admit(): Promise<void> {
    const { ready, state } = this.watcher();
    await Promise.race([ready, pause(FIRST_STATE_WAIT_MS, undefined, { ref: false })]);
    if (!this.isOpen()) throw this.#refusal(state.reason);
  }

  async connected(connection: object, ask: Parameters<QueryGate["connected"]>[1]): Promise<void> {
    const { store } = this.context;
    if (store.dialect === "sqlite") return;
    const nodeId = await this.watcher().nodeId();
    const { id, server, connectedAt } = (await ask(IDENTIFY_SQL)) as Record<"id" | "server" | "connectedAt", unknown>;
    const registered = { nodeId, id: Number(id), server: String(server), connectedAt: Number(connectedAt) };
    try {
      await registerConnection(store.knex, registered);
      this.#registered.set(connection, registered);
    } catch (error) {
      // A full disk, a server that was made read-only: the application may go on reading; System Health tells of it.
      this.context.logger.warn(`upgate: a database connection could not be registered: ${driverMessage(error)}`);
    }
    // Asked after it is registered: a runner either finds the connection or is found.
    if (await store.fromPrimary((knex) => isFencedOff(knex, nodeId))) throw this.#refusal("an upgrade is in progress");
  }

  disconnected(connection: object): void {
    const registered = this.#registered.get(connection);
    // The node's row takes it along when it goes.
    if (registered) void forgetConnection(this.context.store.knex, registered).catch(() => undefined);
  }

  #refusal(reason: string): UpgateError {
    return new UpgateError("ERR_UPGATE_GATE_CLOSED", `The application may not use the database now: ${reason.replace(/\.$/, "")}.`);
  }
}
