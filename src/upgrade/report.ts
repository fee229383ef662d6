import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CheckGroup } from "../core/check.js";
import type { Rehearsal } from "../core/rehearsal.js";
import { withoutSecrets } from "../core/report-redaction.js";
import type { VersionState } from "../core/version-state.js";
import { orAbsent } from "../store/driver-errors.js";
import { type JournaledStatement, readStatements } from "../store/journal.js";
import { readRun } from "../store/runs.js";
import { readHealth } from "./checks.js";
import type { UpgradeContext } from "./context.js";
import type { OwnProcess } from "./node-checks.js";
import { readRunRehearsal } from "./rehearsal-record.js";
import { configuredSecrets } from "./report-secrets.js";
import { readVersions, type ReportVersions } from "./report-versions.js";
import { readRunProgress, readStatus, type RunProgress } from "./status.js";

/** A run for the vendor's support: no credentials, no row data. */
export interface RunReport {
  readonly product: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly versions: ReportVersions;
  readonly state: VersionState;
  /** Without what the migrations have logged: nobody knows what that holds. */
  readonly run: Omit<RunProgress, "log"> | null;
  readonly rehearsal: Rehearsal | null;
  /** What the run has sent to the database, in order; texts without values. The last ones, where there were more than 2,000. */
  readonly statements: readonly JournaledStatement[];
  /** As System Health shows them; none in a report that is saved before a restore. */
  readonly checks: readonly CheckGroup[];
}

const MOST_STATEMENTS = 2000;

/** `own`: what the process that asks knows of itself; null: the checks are left out. */
export async function readReport(
  context: UpgradeContext,
  state: VersionState,
  run: RunProgress | null,
  own: OwnProcess | null,
): Promise<RunReport> {
  const { settings, store } = context;
  const { log: _log, ...shown } = run ?? { log: [] };
  const report: RunReport = {
    product: settings.options.branding.name ?? null,
    createdAt: store.clock.timestamp(),
    versions: await readVersions(context, state),
    state,
    run: run === null ? null : (shown as Omit<RunProgress, "log">),
    rehearsal: run && (await readRunRehearsal(store, run.id)),
    statements: run ? await orAbsent(() => readStatements(store.knex, run.id, MOST_STATEMENTS), []) : [],
    checks: own === null ? [] : await readHealth(context, state, own),
  };
  return withoutSecrets(report, { dialect: store.dialect, secrets: configuredSecrets(settings) });
}

/** Of any run that was started, without the checks; null: there is none of this id. */
export async function readRunReport(context: UpgradeContext, state: VersionState, id: string): Promise<RunReport | null> {
  const run = await orAbsent(() => readRun(context.store.knex, id), null);
  const progress = run && (await readRunProgress(context.store, state, run));
  return progress && readReport(context, state, progress, null);
}

/** Into `dataDir/reports`, mode 0600: a restore takes the journal back to what it was. Returns the file. */
export async function saveReport(context: UpgradeContext, state: VersionState): Promise<string | null> {
  const { run } = await readStatus(context.store, state);
  if (!run) return null;
  const folder = path.join(context.settings.dataDir, "reports");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, `${run.id}.json`);
  writeFileSync(file, `${JSON.stringify(await readReport(context, state, run, null), null, 2)}\n`, { mode: 0o600 });
  return file;
}
