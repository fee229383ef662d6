import type { Knex } from "knex";
import { AUTO_RESUMES_FACT, autoResumesOf } from "../core/auto-resumes.js";
import { type KnownHistory, knownHistory } from "../core/adopted-history.js";
import type { Lease } from "../core/run.js";
import { parseInstalledVersion } from "../core/version.js";
import type { VersionRowFact, VersionState } from "../core/version-state.js";
import type { ReleaseReading } from "../release/release.js";
import { orAbsent } from "../store/driver-errors.js";
import { readFact } from "../store/facts.js";
import { readRecordedHistory, type RecordedHistory } from "../store/recorded-history.js";
import { readSnapshot, readTraces, type Snapshot, type Traces } from "../store/snapshot.js";
import { type UpgradeContext, stateOf } from "./context.js";

export interface ReadState {
  readonly state: VersionState;
  readonly snapshot: Snapshot;
  readonly lease: Lease | null;
  readonly leaseAlive: boolean;
  readonly history: KnownHistory;
}

const READ_TIMEOUT_MS = 5000;

/**
 * Reads the version state: one query while nothing changes. The history is read again when the snapshot says that somebody
 * wrote (whoever writes takes the lease and gives it back; knex's own rows are numbered), the disk when the state is not
 * `current`. Never writes.
 */
export class StateReader {
  #recorded: (RecordedHistory & { readonly signature: string }) | null = null;
  #release: ReleaseReading | null = null;
  #versionRow: VersionRowFact | null = null;

  constructor(private readonly context: UpgradeContext) {}

  /** `fromPrimary`: as it is now, whatever replicas know. */
  async read({ fromPrimary = false } = {}): Promise<ReadState> {
    const { store, settings } = this.context;
    const { knexTable, options } = settings;
    const watched = this.#recorded?.knex ? knexTable : null;
    const readFrom = (knex: Knex): Promise<Snapshot> => readSnapshot(knex, store.versionRow, READ_TIMEOUT_MS, watched, this.#versionRow);
    const snapshot = await (fromPrimary ? store.fromPrimary(readFrom) : readFrom(store.knex));
    this.#versionRow = snapshot.versionRow;
    const isAbsent = snapshot.versionRow.kind === "absent";
    const traces = isAbsent ? await readTraces(store.knex, store.dialect, store.versionRow, knexTable) : null;
    const recorded = await this.#readRecorded(snapshot, traces);
    const leaseAlive = this.context.leaseObserver.isAlive(snapshot.lease);
    const autoResumes = leaseAlive ? 0 : await this.#readAutoResumes(snapshot);
    const release = await this.#readRelease();
    const installedVersion = snapshot.versionRow.kind === "text" ? parseInstalledVersion(snapshot.versionRow.text) : null;
    const history = knownHistory({ ...recorded, files: release.files, installedVersion, codeVersion: options.version });
    const reading = { release, snapshot, leaseAlive, autoResumes, history, traces };
    const unaltered = stateOf(options.version, { ...reading, files: null });
    const files = await this.context.integrity.fact(unaltered);
    const state = files ? stateOf(options.version, { ...reading, files }) : unaltered;
    // A file that arrives while the site is open belongs to the next start; while it is closed, the upload may be going on.
    if (state.kind !== "current") this.#release = null;
    return { state, snapshot, lease: snapshot.lease, leaseAlive, history };
  }

  async #readRelease(): Promise<ReleaseReading> {
    const { release } = this.context.settings;
    const filesVersion = release.filesVersion();
    if (this.#release?.filesVersion !== filesVersion) this.#release = await release.read();
    return this.#release;
  }

  async #readAutoResumes({ run }: Snapshot): Promise<number> {
    if (run?.status !== "running") return 0;
    return autoResumesOf(await orAbsent(() => readFact(this.context.store.knex, AUTO_RESUMES_FACT), null), run.id);
  }

  async #readRecorded({ lease, run, versionRow, knexRows }: Snapshot, traces: Traces | null): Promise<RecordedHistory> {
    const signature = JSON.stringify([
      lease?.token,
      lease?.holder?.pid,
      run?.id,
      run?.status,
      run?.phase,
      versionRow,
      knexRows,
      traces?.hasKnexTable,
    ]);
    if (this.#recorded?.signature === signature) return this.#recorded;
    const { store, settings } = this.context;
    const recorded = await readRecordedHistory(store.knex, store.dialect, settings.knexTable);
    this.#recorded = { signature, ...recorded };
    return recorded;
  }
}
