import type { Knex } from "knex";
import type { BackfillProgress } from "../core/backfill.js";

/** One backfill's row of `upgate_backfill`, which is there while the backfill is under way. */
export interface BackfillPlace {
  /** Table and key, `shops.id`: a name used for another backfill is noticed. */
  readonly target: string;
  readonly progress: BackfillProgress;
}

/** Null when no backfill of that name is under way. */
export async function readBackfillPlace(knex: Knex, name: string): Promise<BackfillPlace | null> {
  const row: { target: string; progress: string } | undefined = await knex("upgate_backfill").where({ name }).first("target", "progress");
  return row ? { target: row.target, progress: JSON.parse(row.progress) as BackfillProgress } : null;
}

/** The first batch's. Throws the driver's duplicate error when somebody else has begun meanwhile. */
export async function insertBackfillPlace(knex: Knex, name: string, { target, progress }: BackfillPlace, updatedAt: string): Promise<void> {
  await knex("upgate_backfill").insert({ name, target, progress: JSON.stringify(progress), updated_at: updatedAt });
}

/** A compare-and-set; the finished backfill's row is deleted. False when the row no longer says `before`. */
export async function moveBackfillPlace(
  knex: Knex,
  name: string,
  [before, after]: readonly [BackfillProgress, BackfillProgress],
  updatedAt: string,
): Promise<boolean> {
  const row = knex("upgate_backfill").where({ name, progress: JSON.stringify(before) });
  const changed = await (after.finished ? row.delete() : row.update({ progress: JSON.stringify(after), updated_at: updatedAt }));
  return changed === 1;
}
