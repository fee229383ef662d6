import type { Check } from "../core/check.js";
import { isUpgateError, messageOf } from "../core/errors.js";
import { driverMessage } from "../store/driver-errors.js";
import { readSnapshot, type Snapshot } from "../store/snapshot.js";
import { attempt } from "./attempt.js";
import { backupSpaceCheck, backupToolsCheck, lastBackupCheck } from "./backup-checks.js";
import { type CheckGroup, databaseChecks, hostGroups } from "./checks.js";
import type { UpgradeContext } from "./context.js";
import { clockCheck, ownTablesCheck, versionRowCheck } from "./database-checks.js";
import { applicationFolder, enginesCheck } from "./engines-check.js";
import { feedGroups } from "./feed/feed-groups.js";
import { filesChecks } from "./files-checks.js";
import { dataDirCheck, freeSpaceCheck, manifestCheck } from "./folder-checks.js";
import { readMigrationFilesCheck } from "./migration-files.js";
import { readNodesCheck } from "./node-checks.js";
import { packageChecks } from "./package-checks.js";
import { installKeyCheck, leaseCheck, runCheck, stateCheck } from "./run-checks.js";
import { Upgrader } from "./upgrader.js";

const READ_TIMEOUT_MS = 5000;

/**
 * Everything that can be checked before an upgrade. With `probe` the privileges are tried on a scratch table, unless a run is under way; else
 * nothing is written. Where the database does not answer, that is said once.
 */
export async function examine(context: UpgradeContext, { probe }: { readonly probe: boolean }): Promise<CheckGroup[]> {
  const { settings, store } = context;
  const root = applicationFolder(settings);
  const configuration = {
    id: "configuration",
    title: "Configuration file",
    severity: "ok",
    message: `${settings.configFile ?? "none"}, release ${settings.options.version}.`,
    remedy: null,
  } as const;
  const addressed = typeof settings.options.database.app === "string";
  const first = [
    { title: "Configuration", checks: [configuration] },
    { title: "Packages", checks: [...packageChecks(root, store.source, addressed), enginesCheck(root)] },
  ];
  const server = { title: "Server", checks: [dataDirCheck(settings.dataDir), freeSpaceCheck(settings.dataDir)] };
  let snapshot: Snapshot;
  try {
    snapshot = await readSnapshot(store.knex, store.versionRow, READ_TIMEOUT_MS);
  } catch (error) {
    return [...first, { title: "Database", checks: [unreachable(store.source.label, error)] }, server];
  }
  return [
    ...first,
    // A backup that a run makes must not meet a table that goes again.
    await databaseGroup(context, snapshot, probe && snapshot.run?.status !== "running"),
    await filesGroup(context),
    ...(await feedGroups(context)),
    server,
    await upgradeGroup(context, snapshot),
    ...(await hostGroups(context)),
  ];
}

/** For a configuration that can't be used: each problem by itself. */
export function configurationGroup(error: unknown): CheckGroup {
  const { message, remedy, problems } = isUpgateError(error) ? error : { message: messageOf(error), remedy: null, problems: [] };
  const danger = (title: string, text: string): Check => ({ id: "configuration", title, severity: "danger", message: text, remedy });
  const checks =
    problems.length > 0
      ? problems.map((problem) => danger(`Option ${problem.path}`, problem.message))
      : [danger("Configuration file", message)];
  return { title: "Configuration", checks };
}

function unreachable(label: string, error: unknown): Check {
  const remedy = "Check that the database server runs and that its address, user and password are right.";
  const message = `${label} can't be read: ${driverMessage(error)}`;
  return { id: "database", title: "Connection", severity: "danger", message, remedy };
}

async function databaseGroup(context: UpgradeContext, snapshot: Snapshot, probe: boolean): Promise<CheckGroup> {
  const { store } = context;
  const connection: Check = {
    id: "database",
    title: "Connection",
    severity: "ok",
    message: `${store.source.label} answers.`,
    remedy: null,
  };
  return {
    title: "Database",
    checks: [
      connection,
      ...(await databaseChecks(context, { probe })),
      versionRowCheck(snapshot, store.versionRow),
      await attempt("own-tables", "upgate's tables", () => ownTablesCheck(store, snapshot)),
      await attempt("clock", "Clock", () => clockCheck(store)),
    ],
  };
}

async function filesGroup(context: UpgradeContext): Promise<CheckGroup> {
  return {
    title: "Files",
    checks: [
      await attempt("migration-files", "Migration files", () => readMigrationFilesCheck(context)),
      await attempt("manifest", "Release manifest", () => manifestCheck(context)),
      ...(await filesChecks(context, 0)),
    ],
  };
}

async function upgradeGroup(context: UpgradeContext, { lease }: Snapshot): Promise<CheckGroup> {
  const state = await new Upgrader(context).state();
  return {
    title: "Upgrade",
    checks: [
      stateCheck(state),
      runCheck(state),
      leaseCheck(context, lease),
      await attempt("nodes", "Nodes", () => readNodesCheck(context)),
      await attempt("install-key", "Install key", () => installKeyCheck(context, state)),
      await attempt("backup", "Last backup", () => lastBackupCheck(context)),
      await attempt("backup-tool", "Backup program", () => backupToolsCheck(context)),
      await attempt("backup-space", "Room for a backup", () => backupSpaceCheck(context)),
    ],
  };
}
