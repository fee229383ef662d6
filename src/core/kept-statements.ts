import type { BackfillProgress } from "./backfill.js";
import type { JournaledStep } from "./run-step.js";
import type { SqlDialect } from "./statement-kinds.js";
import { withoutValues } from "./statement-values.js";

/** What a failed migration has done before it failed, and what stays done. */
export interface KeptStatements {
  /** In order, without values. */
  readonly statements: readonly string[];
  /** How many came before those. */
  readonly more: number;
}

const MOST_SHOWN = 20;
const LONGEST = 300;
const EFFECTS = new Set(["write", "definition", "repeatable", "undecidable"]);
const REFUSED = '{"kind":"refused"';

/**
 * By the journal's latest entries: what was committed with its entry, and of what commits by itself all that was not refused.
 * `failed`: the statement that the migration failed at, without values; an end that was not written down is taken for done where it is another.
 */
export function keptStatements(
  runId: string,
  migration: string,
  entries: readonly JournaledStep[],
  failed: string | null,
  dialect: SqlDialect,
): KeptStatements {
  const answers = new Map(entries.filter(({ kind, of }) => kind === "done" && of !== null).map(({ of, answer }) => [of, answer]));
  const dead = new Set(entries.filter(({ kind }) => kind === "take").flatMap(({ answer }) => voided(answer)));
  const statements: string[] = [];
  const backfills = new Map<string, string>();
  for (const entry of entries) {
    if (entry.migration !== migration || dead.has(`${runId}:${entry.sequence}`)) continue;
    if (entry.kind === "backfill" && entry.answer !== null) backfills.set(entry.statement ?? "", entry.answer);
    if (!EFFECTS.has(entry.kind)) continue;
    const text = withoutValues(entry.statement ?? "", dialect);
    const answer = entry.intentAt === null ? entry.answer : (answers.get(entry.sequence) ?? null);
    const isOpen = entry.intentAt !== null && !answers.has(entry.sequence);
    if (answer?.startsWith(REFUSED) || (isOpen && text === failed)) continue;
    statements.push(text.slice(0, LONGEST));
  }
  const told = [...statements, ...[...backfills].map(([name, answer]) => `${name}: ${(JSON.parse(answer) as BackfillProgress).rows} rows`)];
  return { statements: told.slice(-MOST_SHOWN), more: Math.max(0, told.length - MOST_SHOWN) };
}

/** Keys of entries that a new attempt has found not to be so. */
function voided(answer: string | null): string[] {
  return answer === null ? [] : ((JSON.parse(answer) as { readonly void?: string[] }).void ?? []);
}
