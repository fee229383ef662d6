import type { UpgradeContext } from "./context.js";
import { NodeRow } from "./node-row.js";
import { nodeReactions, type Reaction } from "./reactions.js";
import { SilentNodes } from "./silent-nodes.js";
import { type ReadState, StateReader } from "./state-reader.js";
import type { Upgrader } from "./upgrader.js";

/** What a node does at each poll, in this order: its own row, the state, the acknowledgement, its reactions. */
export class NodeWork {
  readonly row: NodeRow;
  readonly #reader: StateReader;
  readonly #reactions: readonly Reaction[];
  readonly #silent: SilentNodes;

  constructor(context: UpgradeContext, upgrader: Upgrader) {
    this.row = new NodeRow(context);
    this.#reader = new StateReader(context);
    this.#reactions = nodeReactions(context, upgrader);
    this.#silent = new SilentNodes(context);
  }

  read(options: { readonly fromPrimary: boolean }): Promise<ReadState> {
    return this.#reader.read(options);
  }

  /** Clears away what others have left. Never rejects. */
  tidy(): Promise<void> {
    return this.#silent.look();
  }

  /** One change at a time: the state after it decides about the next. True when there was one. */
  async react(reading: ReadState, stop: AbortSignal): Promise<boolean> {
    if (!this.row.isRegistered) return false;
    for (const react of this.#reactions) if (!stop.aborted && (await react(reading, stop))) return true;
    return false;
  }
}
