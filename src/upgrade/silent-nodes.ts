import { readNodes } from "../store/nodes.js";
import { driverMessage } from "../store/driver-errors.js";
import type { UpgradeContext } from "./context.js";
import { passOver } from "./pass-over.js";

/** In `nodeTtlMs`: how long between two looks at the others' beats. Rare, because each is a query of every node. */
const LOOK_EVERY = 20;

/**
 * Removes the rows of nodes whose beat has stood still between two looks, by this process's monotonic clock: processes of other machines that
 * ended without a word. One that was only frozen has closed by itself long ago, and registers anew.
 */
export class SilentNodes {
  #beats = new Map<string, number>();
  #lookedMs: number;

  constructor(private readonly context: UpgradeContext) {
    this.#lookedMs = context.store.clock.nowMs();
  }

  /** Does nothing until it is time. Never rejects. */
  async look(): Promise<void> {
    const { store, settings, logger } = this.context;
    if (store.clock.nowMs() - this.#lookedMs < LOOK_EVERY * settings.options.nodeTtlMs) return;
    this.#lookedMs = store.clock.nowMs();
    try {
      const nodes = await store.fromPrimary(readNodes);
      const silent = nodes.filter(({ id, beat }) => this.#beats.get(id) === beat);
      this.#beats = new Map(nodes.map(({ id, beat }) => [id, beat]));
      for (const node of silent)
        logger.warn(`upgate: a node that gave no sign of life was removed: ${await passOver(store, node, new AbortController().signal)}`);
    } catch (error) {
      logger.warn(`upgate: the rows of silent nodes could not be removed: ${driverMessage(error)}`);
    }
  }
}
