import type { BackupManifest } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { connectStore, type DatabaseSource } from "../store/connect.js";
import { listTables } from "../store/tables.js";

const MOST_NAMED = 5;

/** Throws `ERR_UPGATE_BACKUP_DAMAGED` when a table of the copy is missing or has other numbers of rows than the manifest tells. */
export async function compareRows(copy: DatabaseSource, { id, tables }: BackupManifest): Promise<void> {
  const knex = connectStore(copy);
  try {
    const present = new Set(await listTables(knex, copy.dialect));
    const problems: string[] = [];
    for (const { name, rows } of tables) {
      if (!present.has(name)) problems.push(`${name} is missing`);
      else if (rows !== null) {
        const counted = Number(((await knex(name).count({ counted: "*" })) as { counted: number | string }[])[0]?.counted);
        if (counted !== rows) problems.push(`${name} has ${counted} rows instead of ${rows}`);
      }
    }
    if (problems.length === 0) return;
    const more = problems.length > MOST_NAMED ? `, and ${problems.length - MOST_NAMED} more` : "";
    throw new UpgateError(
      "ERR_UPGATE_BACKUP_DAMAGED",
      `The backup ${id}, restored into a scratch database, is not what it should be: ${problems.slice(0, MOST_NAMED).join("; ")}${more}.`,
    );
  } finally {
    await knex.destroy();
  }
}
