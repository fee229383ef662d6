import type { BackupTable } from "../core/backup.js";

const MOST = 10;

/** What tells two lists of tables apart, in words; where one of them does not tell the rows, they are not compared. Empty: they agree. */
export function differencesOf(told: readonly BackupTable[], found: readonly BackupTable[]): string[] {
  const foundRows = new Map(found.map(({ name, rows }) => [name, rows]));
  const toldNames = new Set(told.map(({ name }) => name));
  const differences = [
    ...told.flatMap(({ name, rows }) => {
      const there = foundRows.get(name);
      if (there === undefined) return [`${name} is missing`];
      return rows === null || there === null || rows === there ? [] : [`${name} has ${there} rows instead of ${rows}`];
    }),
    ...found.filter(({ name }) => !toldNames.has(name)).map(({ name }) => `${name} is not in the manifest`),
  ];
  return differences.length <= MOST ? differences : [...differences.slice(0, MOST), `and ${differences.length - MOST} more`];
}
