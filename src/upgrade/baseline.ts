import { BASELINE_RUN, hasFlatFiles } from "../core/adopted-history.js";
import { UpgateError } from "../core/errors.js";
import type { HistoryEntry, MigrationFile } from "../core/migration.js";
import { codeVersionProblem, compareVersions } from "../core/version.js";
import { takeOverHistory } from "../store/recorded-history.js";
import { ensureVersionTable, whileBusy } from "../store/tables.js";
import { writeVersionRow } from "../store/version-row.js";
import type { UpgradeContext } from "./context.js";
import type { ReadState } from "./state-reader.js";

export interface BaselineOptions {
  /** The last migration that the database has, by its name in the history, or `none`; default: what follows from the version. */
  readonly through?: string;
}

/**
 * Writes down that the database is at a release already: the version row, and the migrations up to it as applied, in one
 * transaction; none is run. What upgate or knex's own migrator has recorded stays as it is. The caller holds the lease.
 * Returns the names of the migrations that it wrote down.
 */
export async function recordBaseline(
  { store, settings }: UpgradeContext,
  { history }: Pick<ReadState, "history">,
  version: string,
  { through }: BaselineOptions = {},
): Promise<string[]> {
  refuseVersion(version, settings.options.version);
  const { files } = await settings.release.read();
  const recorded = new Set(history.entries.map(({ name }) => name));
  const isKnexOwner = history.origin === "knex" && through === undefined;
  const applied =
    through !== undefined ? filesThrough(files, through) : isKnexOwner ? [] : filesOfReleases(files, version, settings.options.version);
  const missing = applied.filter(({ name }) => !recorded.has(name));
  const timestamp = store.clock.timestamp();
  const entries: HistoryEntry[] = [];
  for (const { name, version: release, ...file } of missing) {
    const sha256 = await settings.release.migrations.checksum({ name, version: release, ...file });
    entries.push({ name, version: release, sha256, runId: BASELINE_RUN, startedAt: timestamp, finishedAt: timestamp, durationMs: null });
  }
  await ensureVersionTable(store);
  await whileBusy(() =>
    store.knex.transaction(async (trx) => {
      if (!isKnexOwner) await takeOverHistory(trx, { entries: [...history.adopted, ...entries], origin: history.origin, timestamp });
      await writeVersionRow(trx, store.versionRow, version, timestamp);
    }),
  );
  return missing.map(({ name }) => name);
}

function refuseVersion(version: string, codeVersion: string): void {
  const problem = codeVersionProblem(version);
  if (problem !== null)
    throw new UpgateError("ERR_UPGATE_STATE", `The version ${problem}.`, { remedy: "Name the release that is installed." });
  if (compareVersions(version, codeVersion) <= 0) return;
  const remedy = `Upload the files of ${version} or later first.`;
  throw new UpgateError("ERR_UPGATE_STATE", `The files are release ${codeVersion}, older than ${version}.`, { remedy });
}

function filesThrough(files: readonly MigrationFile[], through: string): readonly MigrationFile[] {
  if (through === "none") return [];
  const last = files.findIndex(({ name }) => name === through.replace(/\.[cm]?[jt]s$/, ""));
  if (last >= 0) return files.slice(0, last + 1);
  throw new UpgateError("ERR_UPGATE_STATE", `There is no migration ${through}.`, { remedy: "Run upgate plan: it lists their names." });
}

/** In a flat folder nothing tells which files an older release had. */
function filesOfReleases(files: readonly MigrationFile[], version: string, codeVersion: string): readonly MigrationFile[] {
  if (!hasFlatFiles(files) || version === codeVersion) return files.filter((file) => compareVersions(file.version, version) <= 0);
  throw new UpgateError("ERR_UPGATE_STATE", `The migrations lie in one folder, so nothing tells which of them release ${version} had.`, {
    remedy: `Name the last one that the database has: upgate baseline ${version} --through <migration>`,
  });
}
