import { gravestOf, type Loss, type LossGravity } from "./loss.js";
import type { Rehearsal, RehearsedMigration, RehearsedStatement } from "./rehearsal.js";

/** How large a table is now. `absent`: it is not there yet; `over`: there are more rows than were counted; `bytes` null: unknown. */
export type PreviewedSize =
  | {
      readonly kind: "measured";
      readonly rows: { readonly kind: "exact" | "about" | "over"; readonly count: number };
      readonly bytes: number | null;
    }
  | { readonly kind: "absent" }
  | { readonly kind: "unknown" };

/** A table that a migration changes. */
export interface PreviewedTable {
  readonly name: string;
  readonly size: PreviewedSize;
}

/** What a migration did to a copy of the database. */
export interface RehearsedChange {
  /** False: the rehearsal failed in it, and what would have come next is not known. */
  readonly complete: boolean;
  /** At most 50, and 500 of a preview. */
  readonly statements: readonly RehearsedStatement[];
  /** How many more there were. */
  readonly leftOut: number;
  readonly tables: readonly PreviewedTable[];
  readonly losses: readonly Loss[];
}

export interface PreviewedMigration {
  readonly name: string;
  readonly version: string;
  readonly title: string | null;
  readonly description: string | null;
  /** Null: this file, as it is, was not rehearsed. */
  readonly rehearsed: RehearsedChange | null;
}

export interface PreviewedRelease {
  readonly version: string;
  readonly migrations: readonly PreviewedMigration[];
}

/** What an upgrade will do, in its order. */
export interface Preview {
  readonly releases: readonly PreviewedRelease[];
  /** How many of its migrations have been rehearsed. */
  readonly rehearsedCount: number;
}

/** At most this many statements of a migration are shown. */
const MOST_STATEMENTS = 50;
const MOST_STATEMENTS_IN_ALL = 500;

/** What a rehearsal tells of the upgrade from one version to the other: by name, the migrations whose files are the same as then. */
export function rehearsedFor(
  rehearsal: Rehearsal | null,
  versions: Pick<Rehearsal, "fromVersion" | "toVersion">,
  checksums: ReadonlyMap<string, string | null>,
): Map<string, RehearsedMigration> {
  const fits = rehearsal !== null && rehearsal.fromVersion === versions.fromVersion && rehearsal.toVersion === versions.toVersion;
  if (!fits) return new Map();
  const same = rehearsal.migrations.filter(({ name, sha256 }) => sha256 !== "" && checksums.get(name) === sha256);
  return new Map(same.map((migration) => [migration.name, migration]));
}

export interface PreviewFacts {
  readonly headings: ReadonlyMap<string, { readonly title: string | null; readonly description: string | null }>;
  readonly rehearsed: ReadonlyMap<string, RehearsedMigration>;
  /** By the tables' names; those that it lacks are unknown. */
  readonly sizes: ReadonlyMap<string, PreviewedSize>;
}

/** Puts together what is known of a plan's migrations. */
export function previewOf(
  plan: readonly Pick<PreviewedMigration, "name" | "version">[],
  { headings, rehearsed, sizes }: PreviewFacts,
): Preview {
  let left = MOST_STATEMENTS_IN_ALL;
  const migrations = plan.map(({ name, version }): PreviewedMigration => {
    const { title = null, description = null } = headings.get(name) ?? {};
    const found = rehearsed.get(name);
    const change = found ? changeOf(found, Math.min(MOST_STATEMENTS, left), sizes) : null;
    left -= change?.statements.length ?? 0;
    return { name, version, title, description, rehearsed: change };
  });
  const versions = [...new Set(migrations.map(({ version }) => version))];
  return {
    releases: versions.map((version) => ({ version, migrations: migrations.filter((migration) => migration.version === version) })),
    rehearsedCount: migrations.filter((migration) => migration.rehearsed !== null).length,
  };
}

function changeOf(
  { ms, statements, leftOut, tables, losses }: RehearsedMigration,
  most: number,
  sizes: PreviewFacts["sizes"],
): RehearsedChange {
  return {
    complete: ms !== null,
    statements: statements.slice(0, most),
    leftOut: leftOut + Math.max(0, statements.length - most),
    tables: tables.map((name) => ({ name, size: sizes.get(name) ?? { kind: "unknown" } })),
    losses,
  };
}

/** Those whose gravest loss is that one. */
export function migrationsThatLose(preview: Preview, gravity: LossGravity): PreviewedMigration[] {
  const all = preview.releases.flatMap(({ migrations }) => migrations);
  return all.filter(({ rehearsed }) => rehearsed !== null && gravestOf(rehearsed.losses) === gravity);
}
