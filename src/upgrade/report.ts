import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Rehearsal } from "../core/rehearsal.js";
import { withoutSecrets } from "../core/report-redaction.js";
import type { VersionState } from "../core/version-state.js";
import { orAbsent } from "../store/driver-errors.js";
import { type JournaledStatement, readStatements } from "../store/journal.js";
import type { Store } from "../store/store.js";
import { type CheckGroup, readHealth } from "./checks.js";
import type { UpgradeContext } from "./context.js";
import type { OwnProcess } from "./node-checks.js";
import { readRunRehearsal } from "./rehearsal-record.js";
import { configuredSecrets } from "./report-secrets.js";
import { readStatus, type RunProgress } from "./status.js";

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

export interface ReportVersions {
  readonly upgate: string;
  readonly node: string;
  /** As the server tells it; null: it could not be asked. */
  readonly database: string | null;
  readonly code: string;
  readonly files: string;
  readonly installed: string | null;
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
    versions: await readVersions(store, state),
    state,
    run: run === null ? null : (shown as Omit<RunProgress, "log">),
    rehearsal: run && (await readRunRehearsal(store, run.id)),
    statements: run ? await orAbsent(() => readStatements(store.knex, run.id, MOST_STATEMENTS), []) : [],
    checks: own === null ? [] : await readHealth(context, state, own),
  };
  return withoutSecrets(report, { dialect: store.dialect, secrets: configuredSecrets(settings) });
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

async function readVersions({ knex, dialect }: Store, state: VersionState): Promise<ReportVersions> {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  const sql = dialect === "sqlite" ? "select sqlite_version() as version" : "select version() as version";
  const answer: unknown = await knex.raw(sql).catch(() => null);
  const [row] = ((dialect === "sqlite" ? answer : ((answer as unknown[] | null)?.[0] ?? null)) as [{ version: string }?] | null) ?? [];
  return {
    upgate: version,
    node: process.versions.node,
    database: row === undefined ? null : `${dialect === "sqlite" ? "SQLite " : ""}${row.version}`,
    code: state.codeVersion,
    files: state.filesVersion,
    installed: state.installedVersion,
  };
}
