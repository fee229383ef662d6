import { compareVersions } from "../../core/version.js";
import type { DatabaseFacts } from "./database-facts.js";

export interface StepFacts {
  readonly database: DatabaseFacts;
  /** The code version. */
  readonly version: string;
  /** Problems of the configuration as it was written; empty when it loads. */
  readonly problems: readonly string[];
}

/** What to do after the files are written, in order, one sentence each; `lines` stands for the lines to add. */
export function nextSteps({ database, version, problems }: StepFacts): string[] {
  return [
    ...problems.map((problem) => `Correct upgate.config.mjs: ${problem}`),
    "Add the three lines.",
    ...databaseSteps(database, version),
    "Look at the state: npx upgate status",
    "Start the application. Keep data/ out of version control.",
  ];
}

function databaseSteps(database: DatabaseFacts, version: string): string[] {
  switch (database.kind) {
    case "unnamed":
    case "absent":
      return [];
    case "unreachable":
      return ["Start the database server, or correct its address; it could not be looked at."];
    case "read":
      return readSteps(database, version);
  }
}

function readSteps({ tables, versionRows, history }: Extract<DatabaseFacts, { kind: "read" }>, version: string): string[] {
  const [row] = versionRows;
  if (row)
    return compareVersions(row.version, version) > 0
      ? [`Raise the version: ${row.table} says ${row.text}, the files say ${version}. Until then the database counts as newer.`]
      : [];
  if (history !== null && history.missing.length > 0)
    return [`Bring the database up to date with knex a last time: npx knex migrate:latest (${named(history.missing)})`];
  if (history !== null && history.onDisk > 0)
    return [`Nothing to do for the migrations: ${history.table} holds all of them, and upgate takes it over as history.`];
  return tables === 0 ? [] : ["Say once which release the database is at: npx upgate baseline <version>"];
}

function named(names: readonly string[]): string {
  const [first, ...rest] = names;
  return rest.length === 0 ? `${first} is missing` : `${first} and ${rest.length} more are missing`;
}
