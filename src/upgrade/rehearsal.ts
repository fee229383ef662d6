import { randomBytes } from "node:crypto";
import type { BackupCall, BackupManifest } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { PlanLosses } from "../core/plan-losses.js";
import type { Logger } from "../core/ports.js";
import type { Rehearsal, RehearsedMigration } from "../core/rehearsal.js";
import type { RunError } from "../core/run.js";
import { connectStore, databaseName } from "../store/connect.js";
import { readHistory } from "../store/history.js";
import { readSchema } from "../store/schema.js";
import { baseName } from "../store/tables.js";
import { UpgradeActions } from "./actions.js";
import { AlterWatch } from "./alter-algorithms.js";
import { Backups } from "./backups.js";
import type { UpgradeContext } from "./context.js";
import { openContext } from "./open-context.js";
import { StatementLog } from "./rehearsal-log.js";
import type { ScratchDatabase } from "./scratch-database.js";
import type { Settings } from "./settings.js";

/**
 * Tries the whole upgrade on a copy of the database that is made of the backup, and drops the copy. `staged`: the settings of a release
 * whose files lie beside those that run. The live database is only read, and not even that: the copy is made of the backup. Resolves also when
 * a migration fails there; throws `ERR_UPGATE_SCRATCH_DATABASE`, `ERR_UPGATE_BACKUP_DAMAGED`, or `ERR_UPGATE_STATE` when there is nothing to rehearse.
 */
export async function rehearse(
  context: UpgradeContext,
  backupId: string,
  work: BackupCall,
  staged: Settings = context.settings,
): Promise<Rehearsal> {
  return new Backups(context).inScratch(backupId, work, async (scratch, manifest, restoreMs) => {
    const copy = openContext(settingsOfCopy(staged, scratch, context.logger));
    const alters = scratch.source.dialect === "mysql" ? new AlterWatch(connectStore(scratch.source)) : null;
    try {
      const losses = new PlanLosses(scratch.source.dialect, await readSchema(copy.store.knex, copy.store.dialect));
      const log = new StatementLog(scratch.source.dialect, (sql) => alters?.before(sql), realName(context, manifest), losses);
      const upgraded = await upgradeCopy({ ...copy, rehearsal: true, hooks: log }, work.signal);
      const algorithms = (await alters?.judge()) ?? new Map<string, never>();
      const parts = { manifest, restoreMs, upgraded, migrations: log.migrations(upgraded.migrations, algorithms) };
      return rehearsalOf(context, parts, upgraded.error === null ? null : log.unanswered);
    } finally {
      await alters?.close();
      await copy.store.close();
    }
  });
}

/** A table of the same name makes `name.column` of it. */
function realName({ store }: UpgradeContext, { tables }: BackupManifest): string | null {
  const name = store.dialect === "mysql" ? databaseName(store.source) : null;
  return name !== null && tables.some((table) => table.name.toLowerCase() === name.toLowerCase()) ? null : name;
}

/** Everything is as in the release's settings, but for where it writes. */
function settingsOfCopy(settings: Settings, { source }: ScratchDatabase, logger: Logger): Settings {
  const { options } = settings;
  const quiet: Logger = { info: () => undefined, warn: logger.warn.bind(logger), error: () => undefined };
  const versionRow = { ...options.versionRow, table: baseName(options.versionRow.table) };
  return {
    ...settings,
    database: source,
    // A table named with its database would be the real one.
    knexTable: baseName(settings.knexTable),
    configFile: null,
    options: { ...options, versionRow, logger: quiet, mixedNodes: "warn", notifications: null },
  };
}

interface UpgradedCopy {
  readonly fromVersion: string | null;
  readonly toVersion: string;
  readonly error: RunError | null;
  readonly ms: number;
  readonly migrations: readonly Pick<RehearsedMigration, "name" | "version" | "sha256" | "ms">[];
}

async function upgradeCopy(copy: UpgradeContext, signal: AbortSignal): Promise<UpgradedCopy> {
  const actions = new UpgradeActions(copy);
  const { store } = copy;
  const plan = await actions.plan();
  const startedMs = store.clock.nowMs();
  const run = await actions.start({ where: "here", signal, backup: { kind: "none", address: "rehearsal" } });
  const { status, error } = await run.finished;
  signal.throwIfAborted();
  if (status === "interrupted" || status === "aborted")
    throw new UpgateError("ERR_UPGATE_REHEARSAL_FAILED", `The rehearsal ended as ${status}, for no reason of the migrations'.`);
  const history = new Map((await readHistory(store.knex)).map((entry) => [entry.name, entry]));
  return {
    fromVersion: run.fromVersion,
    toVersion: run.toVersion,
    error: status === "failed" ? error : null,
    ms: store.clock.nowMs() - startedMs,
    migrations: plan.map(({ name, version }) => {
      const entry = history.get(name);
      return { name, version, sha256: entry?.sha256 ?? "", ms: entry?.finishedAt ? entry.durationMs : null };
    }),
  };
}

function rehearsalOf(
  { store }: UpgradeContext,
  parts: {
    readonly manifest: BackupManifest;
    readonly restoreMs: number;
    readonly upgraded: UpgradedCopy;
    readonly migrations: readonly RehearsedMigration[];
  },
  failedStatement: string | null,
): Rehearsal {
  const { manifest, restoreMs, upgraded, migrations } = parts;
  const at = store.clock.timestamp();
  return {
    id: `${at.slice(0, 19).replace(/[-:]/g, "")}-${randomBytes(4).toString("hex")}`,
    at,
    fromVersion: upgraded.fromVersion,
    toVersion: upgraded.toVersion,
    backupId: manifest.id,
    status: upgraded.error === null ? "passed" : "failed",
    error: upgraded.error,
    failedStatement,
    migrations,
    backupMs: manifest.durationMs + (manifest.proof?.durationMs ?? 0),
    restoreMs: Math.round(restoreMs),
    upgradeMs: Math.round(upgraded.ms),
  };
}
