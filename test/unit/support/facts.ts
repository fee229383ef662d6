import type { DatabaseFacts, StateFacts, StateRun } from "../../../src/core/version-state.js";

export const CODE = "8.6.1";

export function run(overrides: Partial<StateRun> = {}): StateRun {
  return {
    id: "r1",
    kind: "upgrade",
    fromVersion: "8.6.0",
    toVersion: CODE,
    status: "running",
    goal: "upgrade",
    phase: "migrating",
    epoch: 1,
    drain: "wait",
    startedAt: "2026-11-01T10:00:00.000Z",
    error: null,
    ...overrides,
  };
}

interface FactOverrides extends Partial<Omit<StateFacts, "database">>, Partial<DatabaseFacts> {
  /** The version row's text; null: there is no row. */
  readonly row?: string | null;
}

/** Facts of a site that is up to date, but for what the test names. */
export function facts({
  codeVersion = CODE,
  filesVersion,
  pending = [],
  release = {},
  files = null,
  row,
  ...database
}: FactOverrides = {}): StateFacts {
  const text = row === undefined ? codeVersion : row;
  return {
    codeVersion,
    filesVersion: filesVersion ?? codeVersion,
    pending,
    release,
    files,
    database: {
      kind: "read",
      versionRow: text === null ? { kind: "absent" } : { kind: "text", text },
      hasHistory: text !== null,
      hasForeignTables: text !== null,
      historyOrigin: "own",
      run: null,
      leaseAlive: false,
      newerProtocol: false,
      ...database,
    },
  };
}
