import type { VersionState } from "../core/version-state.js";
import { LiveStatements } from "../store/live-statements.js";
import type { Store } from "../store/store.js";
import { readStatus, type UpgradeStatus } from "./status.js";

/** A page asks once a second. */
const FRESH_MS = 500;

interface Reading {
  readonly key: string;
  readonly sinceMs: number;
  readonly status: Promise<UpgradeStatus>;
}

/**
 * Reads the status, for a run under way once for all who ask at about the same time: however many watch, the database is asked twice a
 * second at most, and not at all while nobody does. The percentage of a run never goes back.
 */
export class StatusReader {
  readonly #live: LiveStatements;
  #last: Reading | null = null;
  #highest: { readonly runId: string; readonly percent: number } | null = null;

  constructor(private readonly store: Store) {
    this.#live = new LiveStatements(store);
  }

  read(state: VersionState): Promise<UpgradeStatus> {
    if (state.kind !== "running") return readStatus(this.store, state, this.#live);
    const { run } = state;
    const key = [run?.id, run?.phase, run?.goal, run?.epoch, run?.drain].join(" ");
    const now = this.store.clock.nowMs();
    if (this.#last?.key !== key || now - this.#last.sinceMs >= FRESH_MS) {
      const status = readStatus(this.store, state, this.#live).then((read) => this.#onwards(read));
      this.#last = { key, sinceMs: now, status };
      status.catch(() => (this.#last = null));
    }
    return this.#last.status;
  }

  #onwards(status: UpgradeStatus): UpgradeStatus {
    const { run } = status;
    if (run?.status !== "running" || run.goal !== "upgrade") return status;
    const key = `${run.id} ${run.migrations.length}`;
    const percent = Math.max(run.percent, this.#highest?.runId === key ? this.#highest.percent : 0);
    this.#highest = { runId: key, percent };
    return percent === run.percent ? status : { ...status, run: { ...run, percent } };
  }
}
