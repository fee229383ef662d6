import type { HistoryEntry } from "../core/migration.js";
import type { VersionState } from "../core/version-state.js";
import type { Lease } from "../core/run.js";
import type { ReleaseReading } from "../release/release.js";
import { readHistoryOrNone, readSnapshot, readTraces, type Snapshot } from "../store/snapshot.js";
import { type UpgradeContext, stateOf } from "./context.js";

export interface ReadState {
  readonly state: VersionState;
  readonly snapshot: Snapshot;
  readonly lease: Lease | null;
  readonly leaseAlive: boolean;
}

const READ_TIMEOUT_MS = 5000;

/**
 * Reads the version state: one query while nothing changes. The history is read again when the snapshot says that somebody
 * wrote (every run takes the lease, so its token moves), the disk when the state is not `current`. Never writes.
 */
export class StateReader {
  #history: { signature: string; entries: HistoryEntry[] } | null = null;
  #release: ReleaseReading | null = null;

  constructor(private readonly context: UpgradeContext) {}

  async read(): Promise<ReadState> {
    const { store, settings } = this.context;
    const snapshot = await readSnapshot(store.knex, store.versionRow, READ_TIMEOUT_MS);
    const history = await this.#readHistory(snapshot);
    const traces =
      snapshot.versionRow.kind === "absent"
        ? await readTraces(store.knex, store.dialect, store.versionRow)
        : { hasHistory: history.length > 0, hasForeignTables: true };
    const leaseAlive = this.context.leaseObserver.isAlive(snapshot.lease);
    const release = this.#readRelease();
    const state = stateOf(settings.options.version, { release, snapshot, leaseAlive, history, traces });
    // A file that arrives while the site is open belongs to the next start; while it is closed, the upload may be going on.
    if (state.kind !== "current") this.#release = null;
    return { state, snapshot, lease: snapshot.lease, leaseAlive };
  }

  #readRelease(): ReleaseReading {
    const { release } = this.context.settings;
    const filesVersion = release.filesVersion();
    if (this.#release?.filesVersion !== filesVersion) this.#release = release.read();
    return this.#release;
  }

  async #readHistory({ lease, run, versionRow }: Snapshot): Promise<HistoryEntry[]> {
    const signature = JSON.stringify([lease?.token, run?.id, run?.status, run?.phase, versionRow]);
    if (this.#history?.signature !== signature) this.#history = { signature, entries: await readHistoryOrNone(this.context.store.knex) };
    return this.#history.entries;
  }
}
