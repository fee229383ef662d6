import { compareVersions } from "../../core/version.js";
import type { DatabaseFacts } from "./database-facts.js";

export interface StepFacts {
  readonly database: DatabaseFacts;
  /** The code version. */
  readonly version: string;
  /** How many lie on disk. */
  readonly migrations: number;
  /** The knexfile or the migrations are TypeScript: upgate needs the application's loader. */
  readonly isTypeScript: boolean;
  /** Problems of the configuration as it was written; empty when it loads. */
  readonly problems: readonly string[];
}

/** What to do after the files are written, in order, one sentence each. */
export function nextSteps(facts: StepFacts): string[] {
  return [
    ...facts.problems.map((problem) => `Correct upgate.config.mjs: ${problem}`),
    "Add the three lines.",
    ...databaseSteps(facts),
    facts.isTypeScript
      ? 'Look at the state, with the loader that the application uses: NODE_OPTIONS="--import tsx" npx upgate status'
      : "Look at the state: npx upgate status",
    "Start the application. Keep data/ out of version control.",
  ];
}

function databaseSteps({ database, version, migrations }: StepFacts): string[] {
  switch (database.kind) {
    case "unnamed":
    case "absent":
      return [];
    case "unreachable":
      return ["Start the database server, or correct its address; it could not be looked at."];
    case "read":
      return [...versionSteps(database, version), ...historySteps(database, migrations)];
  }
}

type ReadDatabase = Extract<DatabaseFacts, { kind: "read" }>;

function versionSteps({ versionRows: [row] }: ReadDatabase, version: string): string[] {
  if (row === undefined || compareVersions(row.version, version) <= 0) return [];
  return [`Raise the version: ${row.table} says ${row.text}, the files say ${version}. Until then the database counts as newer.`];
}

function historySteps({ tables, versionRows: [row], history, isKnown }: ReadDatabase, migrations: number): string[] {
  if (isKnown) return [];
  if (history !== null && history.missing.length > 0)
    return [`upgate takes ${history.table} over as history; the first upgrade brings ${named(history.missing)}.`];
  if (history !== null && history.onDisk > 0)
    return [`Nothing to do for the migrations: ${history.table} holds all of them, and upgate takes it over as history.`];
  if (row === undefined) return tables === 0 ? [] : ["Say once which release the database is at: npx upgate baseline <version>"];
  return migrations === 0 ? [] : [`Look at npx upgate plan: migrations of releases up to ${row.text} count as applied.`];
}

function named(names: readonly string[]): string {
  const [first, ...rest] = names;
  return rest.length === 0 ? String(first) : `${first} and ${rest.length} more`;
}
