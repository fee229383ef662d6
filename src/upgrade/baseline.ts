import { UpgateError } from "../core/errors.js";
import type { MigrationFile } from "../core/migration.js";
import { codeVersionProblem, compareVersions } from "../core/version.js";
import { migrationChecksum } from "../release/migrations.js";
import { recordFinish, recordStart } from "../store/history.js";
import { ensureVersionTable, whileBusy } from "../store/tables.js";
import { writeVersionRow } from "../store/version-row.js";
import type { UpgradeContext } from "./context.js";

/** The run that baseline entries of the history name. */
const BASELINE_RUN = "baseline";

/**
 * Writes down that the database is at a release already: the version row, and every migration up to it as applied, in one
 * transaction; none is run. The caller holds the lease. Returns the migrations' names.
 */
export async function recordBaseline({ store, settings }: UpgradeContext, version: string): Promise<string[]> {
  const problem = codeVersionProblem(version);
  if (problem !== null)
    throw new UpgateError("ERR_UPGATE_STATE", `The version ${problem}.`, { remedy: "Name the release that is installed." });
  if (compareVersions(version, settings.options.version) > 0) {
    const remedy = `Upload the files of ${version} or later first.`;
    throw new UpgateError("ERR_UPGATE_STATE", `The files are release ${settings.options.version}, older than ${version}.`, { remedy });
  }
  const files = settings.release.read().files.filter((file) => compareVersions(file.version, version) <= 0);
  const checksums = new Map<MigrationFile, string>();
  for (const file of files) checksums.set(file, await migrationChecksum(file.path));
  await ensureVersionTable(store.knex, store.dialect, store.versionRow);
  const now = store.clock.timestamp();
  await whileBusy(() =>
    store.knex.transaction(async (trx) => {
      for (const [file, sha256] of checksums) {
        await recordStart(trx, { name: file.name, version: file.version, sha256, runId: BASELINE_RUN, startedAt: now });
        await recordFinish(trx, file.name, { finishedAt: now, durationMs: 0, statements: 0 });
      }
      await writeVersionRow(trx, store.versionRow, version, now);
    }),
  );
  return files.map((file) => file.name);
}
