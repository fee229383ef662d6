import type { Check, CheckGroup } from "../core/check.js";
import { isUpgateError, messageOf } from "../core/errors.js";
import type { Snapshot } from "../store/snapshot.js";
import { attempt } from "./attempt.js";
import { backupSpaceCheck, backupToolsCheck, lastBackupCheck } from "./backup-checks.js";
import type { UpgradeContext } from "./context.js";
import { readDatabaseGroup, readSnapshotOrGroup } from "./database-group.js";
import { readEarlierRunChecks } from "./earlier-run-checks.js";
import { applicationFolder, enginesCheck } from "./engines-check.js";
import { filesChecks } from "./files-checks.js";
import { feedGroups } from "./feed/feed-groups.js";
import { dataDirCheck, freeSpaceCheck, manifestCheck } from "./folder-checks.js";
import { readHostGroups, withHostGroups } from "./host-checks.js";
import { readMigrationFilesCheck } from "./migration-files.js";
import { readNodesCheck } from "./node-checks.js";
import { packageChecks } from "./package-checks.js";
import { installKeyCheck, leaseCheck, runCheck, stateCheck } from "./run-checks.js";
import { templatesChecks } from "./template-checks.js";
import { Upgrader } from "./upgrader.js";

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
  const snapshot = await readSnapshotOrGroup(context);
  if ("checks" in snapshot) return [...first, snapshot, server];
  // A backup that a run makes must not meet a table that goes again.
  const database = await readDatabaseGroup(context, snapshot, { probe: probe && snapshot.run?.status !== "running" });
  const groups = [
    ...first,
    database,
    await filesGroup(context),
    ...(await feedGroups(context)),
    server,
    await upgradeGroup(context, snapshot),
  ];
  return withHostGroups(groups, await readHostGroups(context));
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

async function filesGroup(context: UpgradeContext): Promise<CheckGroup> {
  return {
    title: "Files",
    checks: [
      await attempt("migration-files", "Migration files", () => readMigrationFilesCheck(context)),
      await attempt("manifest", "Release manifest", () => manifestCheck(context)),
      ...(await filesChecks(context, 0)),
      ...(await templatesChecks(context)),
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
      ...(await readEarlierRunChecks(context, state)),
      await attempt("nodes", "Nodes", () => readNodesCheck(context)),
      await attempt("install-key", "Install key", () => installKeyCheck(context, state)),
      await attempt("backup", "Last backup", () => lastBackupCheck(context)),
      await attempt("backup-tool", "Backup program", () => backupToolsCheck(context)),
      await attempt("backup-space", "Room for a backup", () => backupSpaceCheck(context)),
    ],
  };
}
