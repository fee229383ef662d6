import type { Check, CheckGroup } from "../core/check.js";
import type { VersionState } from "../core/version-state.js";
import type { Snapshot } from "../store/snapshot.js";
import { attempt } from "./attempt.js";
import { backupSpaceCheck, backupToolsCheck, lastBackupCheck } from "./backup-checks.js";
import type { UpgradeContext } from "./context.js";
import { readDatabaseGroup, readSnapshotOrGroup } from "./database-group.js";
import { readEarlierRunChecks } from "./earlier-run-checks.js";
import { applicationFolder, enginesCheck } from "./engines-check.js";
import { feedGroups } from "./feed/feed-groups.js";
import { filesChecks, PAGE_AGE_MS } from "./files-checks.js";
import { dataDirCheck, freeSpaceCheck, manifestCheck } from "./folder-checks.js";
import { readHostGroups, withHostGroups } from "./host-checks.js";
import { installFolderChecks } from "./install-folder.js";
import { readMigrationFilesCheck } from "./migration-files.js";
import { ownChecks, type OwnProcess, readNodesCheck } from "./node-checks.js";
import { packageChecks } from "./package-checks.js";
import { installKeyCheck, leaseCheck, runCheck } from "./run-checks.js";
import { isSealed } from "./seal.js";
import { templatesChecks } from "./template-checks.js";

/** Of one of the vendor's checks while a page waits, ms. */
const HOST_LIMIT_MS = 5000;

/**
 * Everything that System Health shows, all checks at once, each with its time limit. `own`: null where no process of the application asks. Reads
 * only; a check that can't be made is a danger with the cause, not an exception. Of a database that does not answer that is said once.
 */
export async function readHealth(context: UpgradeContext, state: VersionState, own: OwnProcess | null): Promise<CheckGroup[]> {
  const hosts = readHostGroups(context, HOST_LIMIT_MS);
  const snapshot = await readSnapshotOrGroup(context);
  const groups = await ("checks" in snapshot
    ? [
        { title: "Release", checks: [versionCheck(state), ...(await filesChecks(context, PAGE_AGE_MS))] },
        snapshot,
        { title: "Server", checks: localChecks(context) },
        { title: "Nodes", checks: processChecks(own) },
        { title: "Safety", checks: installFolderChecks(context.settings) },
      ]
    : readGroups(context, state, own, snapshot));
  return withHostGroups(groups, await hosts);
}

async function readGroups(context: UpgradeContext, state: VersionState, own: OwnProcess | null, snapshot: Snapshot): Promise<CheckGroup[]> {
  const [files, manifest, release, feed, templates, earlier, database, nodes, backup, installer] = await Promise.all([
    attempt("migration-files", "Migration files", () => readMigrationFilesCheck(context)),
    attempt("manifest", "Release manifest", () => manifestCheck(context)),
    filesChecks(context, PAGE_AGE_MS),
    feedGroups(context),
    templatesGroup(context),
    readEarlierRunChecks(context, state),
    readDatabaseGroup(context, snapshot, { probe: false }),
    attempt("nodes", "Nodes", () => readNodesCheck(context)),
    Promise.all([
      attempt("backup", "Last backup", () => lastBackupCheck(context)),
      attempt("backup-tool", "Backup program", () => backupToolsCheck(context)),
      attempt("backup-space", "Room for a backup", () => backupSpaceCheck(context)),
    ]),
    Promise.all([
      attempt("installer", "Installer", () => installerCheck(context, state)),
      attempt("install-key", "Install key", () => installKeyCheck(context, state)),
    ]),
  ]);
  return [
    { title: "Release", checks: [versionCheck(state), pendingCheck(state), files, manifest, ...release, runCheck(state), ...earlier] },
    ...feed,
    database,
    { title: "Server", checks: localChecks(context) },
    { title: "Nodes", checks: [nodes, ...processChecks(own), leaseCheck(context, snapshot.lease)] },
    ...templates,
    { title: "Backup", checks: backup },
    { title: "Safety", checks: [...installer, ...installFolderChecks(context.settings)] },
  ];
}

/** No group without the option `templates`. */
async function templatesGroup(context: UpgradeContext): Promise<CheckGroup[]> {
  const checks = await templatesChecks(context);
  return checks.length === 0 ? [] : [{ title: "Templates", checks }];
}

function processChecks(own: OwnProcess | null): Check[] {
  return own === null ? [] : ownChecks(own);
}

/** Of the machine that answers; no database is asked. */
function localChecks({ settings, store }: UpgradeContext): Check[] {
  const root = applicationFolder(settings);
  const addressed = typeof settings.options.database.app === "string";
  return [
    ...packageChecks(root, store.source, addressed),
    enginesCheck(root),
    dataDirCheck(settings.dataDir),
    freeSpaceCheck(settings.dataDir),
  ];
}

export function versionCheck(state: VersionState): Check {
  const versions = `Files ${state.codeVersion}, database ${state.installedVersion ?? "without a version"}.`;
  const fine = state.kind === "current" && state.remedy === "Nothing to do.";
  return {
    id: "version",
    title: "Version",
    severity: fine ? "ok" : state.kind === "current" ? "info" : "danger",
    message: fine ? `${state.reason} ${versions}` : `${versions} ${state.reason}`,
    remedy: fine ? null : state.remedy,
  };
}

export function pendingCheck({ pending }: VersionState): Check {
  return pending.length === 0
    ? { id: "pending-migrations", title: "Pending migrations", severity: "ok", message: "None.", remedy: null }
    : {
        id: "pending-migrations",
        title: "Pending migrations",
        severity: "warning",
        message: `${pending.length}: ${pending.slice(0, 10).join(", ")}${pending.length > 10 ? ", …" : ""}`,
        remedy: "Open /install.",
      };
}

async function installerCheck({ store }: UpgradeContext, state: VersionState): Promise<Check> {
  return !(await isSealed(store, state))
    ? {
        id: "installer",
        title: "Installer",
        severity: "warning",
        message: "Open: it answers to whoever has the install key.",
        remedy: "Press Finish on its last page; it also seals itself when its session ends.",
      }
    : { id: "installer", title: "Installer", severity: "ok", message: "Sealed: it answers as if it did not exist.", remedy: null };
}
