import type { Knex } from "knex";
import { readFact, setFact } from "./facts.js";

/** What a migration has said by `ctx.log`. */
export interface RunLogLine {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly level: "info" | "warn" | "error";
  readonly migration: string;
  /** At most 500 characters. */
  readonly text: string;
}

/** The latest lines of a run, oldest first; none: it has logged nothing. */
export async function readRunLog(knex: Knex, runId: string): Promise<RunLogLine[]> {
  const text = await readFact(knex, factOf(runId));
  return text === null ? [] : (JSON.parse(text) as RunLogLine[]);
}

/** Instead of what was there. */
export async function writeRunLog(knex: Knex, runId: string, lines: readonly RunLogLine[]): Promise<void> {
  await setFact(knex, factOf(runId), JSON.stringify(lines));
}

function factOf(runId: string): string {
  return `log:${runId}`;
}
