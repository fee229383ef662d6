import type { Logger } from "../core/ports.js";
import type { Release } from "../release/release.js";
import type { Store } from "../store/store.js";
import type { UpgradeContext } from "./context.js";
import type { LeaseKeeper } from "./lease-keeper.js";
import type { RunHooks } from "./run-hooks.js";

export interface RunnerOptions {
  /** For what is done besides migrations. */
  readonly context: UpgradeContext;
  readonly store: Store;
  readonly release: Release;
  readonly logger: Logger;
  readonly pollMs: number;
  readonly nodeTtlMs: number;
  readonly drainTimeoutMs: number;
  /** Aborts: the run stops after the statement under way and can be resumed. */
  readonly stop?: AbortSignal | undefined;
  readonly hooks?: RunHooks | undefined;
}

/** Aborts when the run must not or shall not go on. */
export function endOf({ stop }: RunnerOptions, { signal }: LeaseKeeper): AbortSignal {
  return stop ? AbortSignal.any([signal, stop]) : signal;
}
