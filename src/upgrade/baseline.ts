import { UpgateError } from "../core/errors.js";
import type { MigrationFile } from "../core/migration.js";
import { codeVersionProblem, compareVersions } from "../core/version.js";
import { versionOfName } from "../release/migration-names.js";
import { insertApplied } from "../store/history.js";
import { ensureVersionTable, whileBusy } from "../store/tables.js";
import { writeVersionRow } from "../store/version-row.js";
import type { UpgradeContext } from "./context.js";
import type { ReadState } from "./state-reader.js";

/** The run that baseline entries of the history name. */
const BASELINE_RUN = "baseline";

export interface BaselineOptions {
  /** The last migration that the database has, by its name in the history; default: what follows from the version. */
  readonly through?: string;
}

/**
 * Writes down that the database is at a release already: the version row, and the migrations up to it as applied, in one
 * transaction; none is run. What upgate or knex's own migrator has recorded stays as it is. The caller holds the lease.
 * Returns the names of the migrations that it wrote down.
 */
export async function recordBaseline(
  { store, settings }: UpgradeContext,
  reading: Pick<ReadState, "history" | "knexHistory">,
  version: string,
  { through }: BaselineOptions = {},
): Promise<string[]> {
  refuseVersion(version, settings.options.version);
  const { files } = await settings.release.read();
  const recorded = new Set(reading.history.map(({ name }) => name));
  const keptByKnex = (reading.knexHistory?.matched ?? 0) > 0;
  const applied =
    through !== undefined ? filesThrough(files, through) : keptByKnex ? [] : filesOfReleases(files, version, settings.options.version);
  const missing = applied.filter(({ name }) => !recorded.has(name));
  const checksums = new Map<MigrationFile, string>();
  for (const file of missing) checksums.set(file, await settings.release.migrations.checksum(file));
  await ensureVersionTable(store);
  const now = store.clock.timestamp();
  await whileBusy(() =>
    store.knex.transaction(async (trx) => {
      for (const [file, sha256] of checksums)
        await insertApplied(trx, { name: file.name, version: file.version, sha256, runId: BASELINE_RUN, startedAt: now, finishedAt: now });
      await writeVersionRow(trx, store.versionRow, version, now);
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
  const last = files.findIndex(({ name }) => name === through.replace(/\.[cm]?[jt]s$/, ""));
  if (last >= 0) return files.slice(0, last + 1);
  throw new UpgateError("ERR_UPGATE_STATE", `There is no migration ${through}.`, { remedy: "Run upgate plan: it lists their names." });
}

/** In a flat folder nothing tells which files an older release had. */
function filesOfReleases(files: readonly MigrationFile[], version: string, codeVersion: string): readonly MigrationFile[] {
  const isFlat = files.some(({ name }) => versionOfName(name) === null);
  if (!isFlat || version === codeVersion) return files.filter((file) => compareVersions(file.version, version) <= 0);
  throw new UpgateError("ERR_UPGATE_STATE", `The migrations lie in one folder, so nothing tells which of them release ${version} had.`, {
    remedy: `Name the last one that the database has: upgate baseline ${version} --through <migration>`,
  });
}
