import type { MigrationFile } from "../core/migration.js";
import type { PlannedMigration } from "../core/plan.js";
import { type Preview, type PreviewedSize, previewOf, rehearsedFor } from "../core/preview.js";
import type { Rehearsal, RehearsedMigration } from "../core/rehearsal.js";
import { type MigrationHeading, readMigrationHeading } from "../release/migration-headings.js";
import { driverMessage } from "../store/driver-errors.js";
import { readTableSizes, type TableSize } from "../store/table-sizes.js";
import type { UpgradeContext } from "./context.js";
import { readLatestRehearsal, readRunRehearsal } from "./rehearsal-record.js";

export interface PreviewedPlan {
  readonly migrations: readonly Pick<PlannedMigration, "name" | "version">[];
  readonly fromVersion: string | null;
  readonly toVersion: string;
  /** The run whose plan it is, of which no table is measured; null: it has not started. */
  readonly runId: string | null;
}

/** A plan may have thousands: an installation's. */
const MOST_HEADINGS = 500;
const MOST_TABLES = 100;

/**
 * What the migrations of a plan are for, and what they did on a copy, where the latest rehearsal was of the same upgrade and the same files.
 * Runs nothing of the vendor's but what lists the migrations, and only reads.
 */
export async function readPreview(context: UpgradeContext, plan: PreviewedPlan): Promise<Preview> {
  const { settings, checksums } = context;
  if (plan.migrations.length === 0) return previewOf([], { headings: new Map(), rehearsed: new Map(), sizes: new Map() });
  const { files } = await settings.release.read();
  const rehearsal = await rehearsalOf(context, plan);
  let rehearsed = new Map<string, RehearsedMigration>();
  if (rehearsal !== null) {
    const read = await checksums.read(settings.release.migrations, files);
    rehearsed = rehearsedFor(rehearsal, plan, new Map(read.map(({ name, sha256 }) => [name, sha256])));
  }
  // A server may keep questions about a table waiting that is being altered.
  const measured = plan.runId === null ? plan.migrations : [];
  const tables = new Set(measured.flatMap(({ name }) => rehearsed.get(name)?.tables ?? []));
  return previewOf(plan.migrations, {
    headings: await readHeadings(plan.migrations, files),
    rehearsed,
    sizes: await readSizes(context, [...tables].slice(0, MOST_TABLES)),
  });
}

async function rehearsalOf({ store }: UpgradeContext, { runId }: PreviewedPlan): Promise<Rehearsal | null> {
  return (runId === null ? null : await readRunRehearsal(store, runId)) ?? readLatestRehearsal(store);
}

async function readHeadings(plan: PreviewedPlan["migrations"], files: readonly MigrationFile[]): Promise<Map<string, MigrationHeading>> {
  const paths = new Map(files.map(({ name, path }) => [name, path]));
  const found = new Map<string, MigrationHeading>();
  for (const { name } of plan.slice(0, MOST_HEADINGS)) {
    const path = paths.get(name) ?? null;
    if (path !== null) found.set(name, await readMigrationHeading(path));
  }
  return found;
}

/** None where they can't be read: the page is of use without them. */
async function readSizes({ store, logger }: UpgradeContext, tables: readonly string[]): Promise<Map<string, PreviewedSize>> {
  // Of another database's tables nothing is asked.
  const own = tables.filter((table) => !table.includes("."));
  try {
    const sizes = new Map((await readTableSizes(store.knex, store.dialect, own)).map((size) => [size.table.toLowerCase(), size]));
    return new Map(own.map((table) => [table, sizeOf(sizes.get(table.toLowerCase()))]));
  } catch (error) {
    logger.warn(`upgate: the sizes of the tables that the upgrade changes can't be read: ${driverMessage(error)}`);
    return new Map();
  }
}

function sizeOf(size: TableSize | undefined): PreviewedSize {
  return size === undefined ? { kind: "absent" } : { kind: "measured", rows: size.rows, bytes: size.bytes };
}
