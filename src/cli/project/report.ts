import type { DatabaseFacts, KnexHistory } from "./database-facts.js";
import type { Project } from "./project.js";
import type { Insertion } from "./upgate-module.js";

/** What was found, one line each. */
export function findings(project: Project): string[] {
  const { packageFile, installed, version, knexfile, knexMakers, entry } = project;
  const { product } = packageFile;
  const rows: [string, string | null][] = [
    ["application", `${product === null ? "" : `${product} `}${version.version}`],
    ["", version.problem === null ? null : `${version.problem}: upgate begins with ${version.version}`],
    ["express", installed.express],
    ["knex", installed.knex],
    ["knexfile", knexfile === null ? "none" : `${knexfile.file}${knexfile.environment === null ? "" : `, ${knexfile.environment}`}`],
    ["", knexfile !== null || !knexMakers[0] ? null : `${knexMakers[0].file}:${knexMakers[0].line} makes the application's knex`],
    ["migrations", migrationsLine(project)],
    ["database", databaseLine(project.database)],
    ...databaseRows(project.database).map((line): [string, string] => ["", line]),
    ["licence", project.license ?? "no EULA.md: the wizard has no licence step"],
    ["notes", project.releaseNotes ?? "no CHANGELOG.md"],
    ["entry", entry === null ? "not found" : entry.app === null ? entry.file : `${entry.file}:${entry.app.line}  ${entry.app.text}`],
  ];
  return rows.filter(([, value]) => value !== null).map(([name, value]) => `${name.padEnd(13)}${value}`);
}

function migrationsLine({ migrations: { folder, exists, files, style } }: Project): string {
  if (!exists) return `${folder}/ (will be made)`;
  const count = files.length === 1 ? "1 migration" : `${files.length} migrations`;
  return `${folder}/, ${count}${style === null ? "" : `, ${STYLE_NAMES[style]}`}`;
}

const STYLE_NAMES = { flat: "flat", versioned: "one folder a release", mixed: "flat and one folder a release" } as const;

function databaseLine(database: DatabaseFacts): string {
  switch (database.kind) {
    case "unnamed":
      return "not known: no knexfile, no DATABASE_URL";
    case "absent":
    case "unreachable":
      return `${database.label}: ${database.reason}`;
    case "read":
      return `${database.label}, ${database.tables === 1 ? "1 table" : `${database.tables} tables`}`;
  }
}

function databaseRows(database: DatabaseFacts): string[] {
  if (database.kind !== "read") return [];
  const { history, versionRows } = database;
  return [
    ...(history === null ? [] : [historyLine(history)]),
    ...versionRows.map(({ table, keyColumn, key, text }, index) =>
      index === 0 ? `${table} says ${text} (${keyColumn} "${key}")` : `${table} says ${text}, too; ${versionRows[0]?.table} is taken`,
    ),
  ];
}

function historyLine({ table, rows, onDisk, missing }: KnexHistory): string {
  if (missing.length === 0 && rows === onDisk) return `${table} holds all of them`;
  return `${table} has ${rows === 1 ? "1 row" : `${rows} rows`} and holds ${onDisk - missing.length} of the ${onDisk} on disk`;
}

/** The lines to add, each group with its place. */
export function insertionLines(insertions: readonly Insertion[]): string[] {
  return insertions.flatMap(({ file, after, lines }, index) => {
    const place =
      file === null
        ? 'Where the Express application is made, right after "const app = express();":'
        : after === null
          ? `In ${file}, at its beginning:`
          : `In ${file}, right after line ${after.line} (${after.text}):`;
    return [...(index === 0 ? [] : [""]), place, "", ...lines.map((line) => `    ${line}`)];
  });
}
