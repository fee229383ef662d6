/** A moment between two migrations of a plan. */
export interface Boundary {
  /** The migration that has just been recorded, by its name in the history. */
  readonly after: string;
  /** The one that has left no trace yet. */
  readonly before: string;
}

export function boundariesOf(plan: readonly string[]): Boundary[] {
  return plan.slice(1).map((before, index) => ({ after: plan[index] as string, before }));
}

/** So many of them, spread evenly, the last one always among them; all of them without a number. */
export function spreadKills<T>(all: readonly T[], kills = all.length): T[] {
  if (kills >= all.length) return [...all];
  return Array.from({ length: kills }, (_, index) => all[Math.ceil(((index + 1) * all.length) / kills) - 1] as T);
}
