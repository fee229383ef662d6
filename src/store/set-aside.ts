import type { Knex } from "knex";

interface JournalRow {
  migration: string;
}

/** The column's width. */
const LONGEST_NAME = 255;

/**
 * Renames the migration in its journal rows, of all runs, so that nothing of them is found when it runs again. The rows stay for
 * the report. `timestamp`: ISO 8601, UTC. Returns how many there were.
 */
export function setAsideJournal(knex: Knex, migration: string, timestamp: string): Promise<number> {
  return knex<JournalRow>("upgate_journal")
    .where({ migration })
    .update({ migration: setAsideName(migration, timestamp) });
}

export function setAsideName(migration: string, timestamp: string): string {
  const mark = ` (set aside ${timestamp})`;
  return migration.slice(0, LONGEST_NAME - mark.length) + mark;
}

/** Whether the journal holds statements of the migration that would be answered from it. */
export async function isJournaled(knex: Knex, migration: string): Promise<boolean> {
  return (await knex<JournalRow>("upgate_journal").where({ migration }).first("migration")) !== undefined;
}

export function isSetAside(name: string): boolean {
  return / \(set aside \d{4}-[^)]*\)$/.test(name);
}
