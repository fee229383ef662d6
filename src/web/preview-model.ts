import { describeLoss, gravestOf, type LossGravity } from "../core/loss.js";
import { migrationsThatLose, type Preview, type PreviewedMigration, type PreviewedTable } from "../core/preview.js";

/** One database change as the review page shows it. */
export interface ChangeModel {
  readonly name: string;
  readonly title: string | null;
  readonly description: string | null;
  /** The gravest of what it takes away; null where that is nothing, or not known. */
  readonly gravity: LossGravity | null;
  /** What it takes away, one sentence each. */
  readonly losses: readonly string[];
  readonly tables: readonly PreviewedTable[];
  /** Of a rehearsal; null: this change was not rehearsed. */
  readonly sql: {
    readonly statements: readonly { readonly text: string; readonly algorithm: string | null; readonly gravity: LossGravity | null }[];
    /** How many more there were. */
    readonly leftOut: number;
    /** False: the rehearsal failed in it. */
    readonly complete: boolean;
  } | null;
}

export interface PreviewModel {
  readonly releases: readonly { readonly version: string; readonly changes: readonly ChangeModel[] }[];
  readonly rehearsedCount: number;
  /** Those after which rows or columns are gone. */
  readonly deleting: readonly ChangeModel[];
  /** Those that overwrite values, or may cut them. */
  readonly altering: readonly ChangeModel[];
}

export function previewModel(preview: Preview): PreviewModel {
  return {
    releases: preview.releases.map(({ version, migrations }) => ({ version, changes: migrations.map(changeModel) })),
    rehearsedCount: preview.rehearsedCount,
    deleting: migrationsThatLose(preview, "deletes").map(changeModel),
    altering: migrationsThatLose(preview, "alters").map(changeModel),
  };
}

function changeModel({ name, title, description, rehearsed }: PreviewedMigration): ChangeModel {
  const losses = rehearsed?.losses ?? [];
  return {
    name,
    title,
    description,
    gravity: gravestOf(losses),
    losses: losses.map(describeLoss),
    tables: rehearsed?.tables ?? [],
    sql: rehearsed && {
      statements: rehearsed.statements.map(({ sql, algorithm, losses: lost }) => ({ text: sql, algorithm, gravity: gravestOf(lost) })),
      leftOut: rehearsed.leftOut,
      complete: rehearsed.complete,
    },
  };
}
