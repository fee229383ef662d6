import type { Check, CheckGroup, Severity, SeverityCounts } from "../core/check.js";
import { countSeverities, worstSeverity } from "../core/check.js";
import { withoutSecrets } from "../core/report-redaction.js";
import type { VersionState } from "../core/version-state.js";
import { driverMessage } from "../store/driver-errors.js";
import { withinLimit } from "./attempt.js";
import { type LastBackup, readLastBackup } from "./backup-checks.js";
import { readHealth } from "./checks.js";
import type { UpgradeContext } from "./context.js";
import { type NodeReport, type OwnNode, readNodeReports } from "./health-nodes.js";
import { type HealthRun, readHealthRuns } from "./health-runs.js";
import { shownSettings } from "./health-settings.js";
import type { OwnProcess } from "./node-checks.js";
import { configuredSecrets } from "./report-secrets.js";
import { readVersions, type ReportVersions } from "./report-versions.js";

/** Everything that System Health tells, as page, JSON and text. No credentials, no rows of the database. */
export interface HealthReport {
  readonly product: string | null;
  /** ISO 8601, UTC. */
  readonly generatedAt: string;
  readonly state: Pick<VersionState, "kind" | "reason" | "remedy">;
  /** The worst of all checks. */
  readonly severity: Severity;
  readonly counts: SeverityCounts;
  readonly groups: readonly CheckGroup[];
  /** Null, as the next two: it could not be read. */
  readonly nodes: readonly NodeReport[] | null;
  /** `unread`: it could not be read; null: none is known. */
  readonly backup: LastBackup | "unread" | null;
  /** The last ten, newest first. */
  readonly runs: readonly HealthRun[] | null;
  /** Null: of the tests' open gate. */
  readonly versions: ReportVersions | null;
  /** Options that matter to whoever helps, by name. */
  readonly settings: Readonly<Record<string, string>>;
}

const READ_LIMIT_MS = 5000;

/** `own`, `node`: null where no process of the application asks. Never rejects; nothing is waited for longer than a few seconds. */
export async function readHealthReport(
  context: UpgradeContext,
  state: VersionState,
  own: OwnProcess | null,
  node: OwnNode | null,
): Promise<HealthReport> {
  const { settings, store, logger } = context;
  const orNull = async <T>(what: string, read: () => Promise<T>): Promise<T | null> => {
    try {
      return await withinLimit(read, READ_LIMIT_MS);
    } catch (error) {
      logger.warn(`upgate: ${what} can't be read: ${driverMessage(error)}`);
      return null;
    }
  };
  const [groups, nodes, backup, runs, versions] = await Promise.all([
    readHealth(context, state, own),
    orNull("the nodes", () => readNodeReports(context, state, node)),
    orNull("the last backup", async () => ({ found: await readLastBackup(context) })),
    orNull("the last runs", () => readHealthRuns(context, state)),
    readVersions(context, state),
  ]);
  const clean = cleaner(context);
  const told = groups.map(({ title, checks }) => ({ title, checks: checks.map((check) => ({ ...check, ...clean(wordsOf(check)) })) }));
  return {
    product: settings.options.branding.name ?? null,
    generatedAt: store.clock.timestamp(),
    state: { kind: state.kind, ...clean({ reason: state.reason, remedy: state.remedy }) },
    ...judge(told),
    groups: told,
    nodes,
    backup: backup === null ? "unread" : backup.found,
    runs: runs && runs.map((run) => ({ ...run, error: run.error && { ...run.error, ...clean({ message: run.error.message }) } })),
    versions,
    settings: clean(shownSettings(context)),
  };
}

/** Over all groups. */
export function judge(groups: readonly CheckGroup[]): Pick<HealthReport, "severity" | "counts"> {
  const counts = countSeverities(groups.flatMap(({ checks }) => checks));
  return { counts, severity: worstSeverity(counts) };
}

function wordsOf({ title, message, remedy }: Check): Pick<Check, "title" | "message" | "remedy"> {
  return { title, message, remedy };
}

/** Words for people only: an id or a severity that equals a password is none. */
function cleaner({ settings, store }: UpgradeContext): <T>(words: T) => T {
  const redaction = { dialect: store.dialect, secrets: configuredSecrets(settings) };
  return (words) => withoutSecrets(words, redaction);
}
