import type { Check } from "../core/check.js";
import { readForgotten } from "../store/repairs.js";
import { readHistoryOrNone } from "../store/snapshot.js";
import type { UpgradeContext } from "./context.js";
import { checkMigrations, migrationFilesCheck, type MigrationWarning } from "./migration-checks.js";

/** What is odd about the files on disk, seen from the history. Absent tables = empty history. */
export async function readMigrationWarnings({
  settings,
  store,
  checksums,
}: UpgradeContext): Promise<{ readonly count: number; readonly warnings: MigrationWarning[] }> {
  const { files, facts } = await settings.release.read();
  const warnings = checkMigrations(
    await checksums.read(settings.release.migrations, files),
    await readHistoryOrNone(store.knex),
    facts.prunedBefore,
    await readForgotten(store.knex),
  );
  return { count: files.length, warnings };
}

export async function readMigrationFilesCheck(context: UpgradeContext): Promise<Check> {
  const { count, warnings } = await readMigrationWarnings(context);
  return migrationFilesCheck(count, warnings);
}
