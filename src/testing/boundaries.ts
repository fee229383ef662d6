/** A moment between two migrations of a plan. */
export interface Boundary {
  /** The migration that has just been recorded, by its name in the history. */
  readonly after: string;
  /** The one that has left no trace yet. */
  readonly before: string;
}

/** Where to kill: `every-migration` is every boundary of the plan, a number at most that many of them. */
export type Kills = "every-migration" | number;

/** The boundaries of a plan in its order; fewer of them are spread evenly, the last one always among them. */
export function chooseBoundaries(plan: readonly string[], kills: Kills): Boundary[] {
  const all = plan.slice(1).map((before, index) => ({ after: plan[index] as string, before }));
  if (kills === "every-migration" || kills >= all.length) return all;
  return Array.from({ length: kills }, (_, index) => all[Math.ceil(((index + 1) * all.length) / kills) - 1] as Boundary);
}
