import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Rehearsal } from "../core/rehearsal.js";
import type { VersionState } from "../core/version-state.js";
import { orAbsent } from "../store/driver-errors.js";
import { type JournaledStatement, readStatements } from "../store/journal.js";
import type { UpgradeContext } from "./context.js";
import { readRunRehearsal } from "./rehearsal-record.js";
import { readStatus, type RunProgress } from "./status.js";

/** A run for the vendor's support: no credentials, no row data. */
export interface RunReport {
  readonly product: string | null;
  readonly createdAt: string;
  readonly state: VersionState;
  readonly run: RunProgress | null;
  readonly rehearsal: Rehearsal | null;
  /** What the run has sent to the database, in order; texts without bindings. The last ones, where there were more than 2,000. */
  readonly statements: readonly JournaledStatement[];
}

const MOST_STATEMENTS = 2000;

export async function readReport({ settings, store }: UpgradeContext, state: VersionState, run: RunProgress | null): Promise<RunReport> {
  return {
    product: settings.options.branding.name ?? null,
    createdAt: store.clock.timestamp(),
    state,
    run,
    rehearsal: run && (await readRunRehearsal(store, run.id)),
    statements: run ? await orAbsent(() => readStatements(store.knex, run.id, MOST_STATEMENTS), []) : [],
  };
}

/** Into `dataDir/reports`, mode 0600: a restore takes the journal back to what it was. Returns the file. */
export async function saveReport(context: UpgradeContext, state: VersionState): Promise<string | null> {
  const { run } = await readStatus(context.store, state);
  if (!run) return null;
  const folder = path.join(context.settings.dataDir, "reports");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, `${run.id}.json`);
  writeFileSync(file, `${JSON.stringify(await readReport(context, state, run), null, 2)}\n`, { mode: 0o600 });
  return file;
}
