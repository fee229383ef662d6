import { knexHistory, type KnexHistory, type KnexMigration, withKnexHistory } from "../core/knex-history.js";
import type { HistoryEntry } from "../core/migration.js";
import type { VersionState } from "../core/version-state.js";
import type { Lease } from "../core/run.js";
import type { ReleaseReading } from "../release/release.js";
import { readKnexMigrations } from "../store/knex-migrations.js";
import { readHistoryOrNone, readSnapshot, readTraces, type Snapshot, type Traces } from "../store/snapshot.js";
import { type UpgradeContext, stateOf } from "./context.js";

export interface ReadState {
  readonly state: VersionState;
  readonly snapshot: Snapshot;
  readonly lease: Lease | null;
  readonly leaseAlive: boolean;
  /** upgate's own, and what knex's migrator has recorded as long as that is not taken over. */
  readonly history: readonly HistoryEntry[];
  /** Null once it is taken over, and where there is none. */
  readonly knexHistory: KnexHistory | null;
}

interface Recorded {
  readonly signature: string;
  readonly own: readonly HistoryEntry[];
  readonly knex: readonly KnexMigration[] | null;
}

const READ_TIMEOUT_MS = 5000;

/**
 * Reads the version state: one query while nothing changes. The history is read again when the snapshot says that somebody
 * wrote (every run takes the lease, so its token moves; knex's own rows are numbered), the disk when the state is not
 * `current`. Never writes.
 */
export class StateReader {
  #recorded: Recorded | null = null;
  #release: ReleaseReading | null = null;

  constructor(private readonly context: UpgradeContext) {}

  async read(): Promise<ReadState> {
    const { store, settings } = this.context;
    const { knexTable, options } = settings;
    const snapshot = await readSnapshot(store.knex, store.versionRow, READ_TIMEOUT_MS, this.#recorded?.knex ? knexTable : null);
    const traces = snapshot.versionRow.kind === "absent" ? await readTraces(store.knex, store.dialect, store.versionRow, knexTable) : null;
    const { own, knex } = await this.#readRecorded(snapshot, traces);
    const leaseAlive = this.context.leaseObserver.isAlive(snapshot.lease);
    const release = await this.#readRelease();
    const adopted = knex === null ? null : knexHistory(knex, release.files, options.version);
    const history = adopted ? withKnexHistory(own, adopted) : own;
    const state = stateOf(options.version, {
      release,
      snapshot,
      leaseAlive,
      history,
      traces,
      keptByKnex: own.length === 0 && (adopted?.matched ?? 0) > 0,
    });
    // A file that arrives while the site is open belongs to the next start; while it is closed, the upload may be going on.
    if (state.kind !== "current") this.#release = null;
    return { state, snapshot, lease: snapshot.lease, leaseAlive, history, knexHistory: adopted };
  }

  async #readRelease(): Promise<ReleaseReading> {
    const { release } = this.context.settings;
    const filesVersion = release.filesVersion();
    if (this.#release?.filesVersion !== filesVersion) this.#release = await release.read();
    return this.#release;
  }

  async #readRecorded({ lease, run, versionRow, knexLast }: Snapshot, traces: Traces | null): Promise<Recorded> {
    const signature = JSON.stringify([lease?.token, run?.id, run?.status, run?.phase, versionRow, knexLast, traces?.hasKnexTable]);
    if (this.#recorded?.signature === signature) return this.#recorded;
    const { store, settings } = this.context;
    const own = await readHistoryOrNone(store.knex);
    const knex = await readKnexMigrations(store.knex, store.dialect, settings.knexTable);
    return (this.#recorded = { signature, own, knex });
  }
}
