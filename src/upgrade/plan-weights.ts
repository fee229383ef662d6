import { readFile } from "node:fs/promises";
import type { MigrationFile } from "../core/migration.js";
import type { Run } from "../core/run.js";
import type { Store } from "../store/store.js";
import { readTableBytes } from "../store/table-bytes.js";

/** A larger file is data, not statements. */
const MOST_CHARACTERS = 256 * 1024;
const NAME = /[A-Za-z_][\w$]*/g;

/**
 * The plan with what its percentage is weighed by, where there is no rehearsal: of each migration the size of the largest table that its file
 * names. A guess, and only a figure on a page hangs on it: what can't be read is left out. SQLite does not tell the sizes of tables.
 */
export async function weighPlan(store: Store, plan: Run["plan"], files: readonly MigrationFile[]): Promise<Run["plan"]> {
  if (store.dialect === "sqlite" || plan.length < 2 || plan.every(({ rehearsedMs }) => rehearsedMs !== undefined)) return plan;
  try {
    const sizes = await readTableBytes(store.knex);
    const paths = new Map(files.map((file) => [file.name, file.path]));
    return await Promise.all(
      plan.map(async (entry) => {
        const path = paths.get(entry.name);
        return path ? { ...entry, tableBytes: largestNamed(await readFile(path, "utf8"), sizes) } : entry;
      }),
    );
  } catch {
    return plan;
  }
}

/** Of the tables whose names stand in the text; 0 for none. */
export function largestNamed(text: string, sizes: ReadonlyMap<string, number>): number {
  let largest = 0;
  for (const [name] of text.slice(0, MOST_CHARACTERS).matchAll(NAME)) largest = Math.max(largest, sizes.get(name.toLowerCase()) ?? 0);
  return largest;
}
