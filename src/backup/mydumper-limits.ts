import { UpgateError } from "../core/errors.js";
import { say } from "../core/say.js";
import type { MydumperFacts } from "./mydumper-facts.js";

/** Why mydumper can't make a backup of a database, and what to do. */
export interface MydumperRefusal {
  readonly message: string;
  readonly remedy: string;
}

/** What its own SQL, its list of tables to leave out and its names of files can't hold. */
const UNFIT_NAME = /[`'"\\/\p{Cc}]|^\s|\s$/u;
/** Of a file's name, bytes, less the ending. */
const LONGEST_NAME_BYTES = 255 - ".00000.sql.gz".length;
const INSTEAD = "Leave out the option backup.tool: then the server's own program makes the backup.";

export const NOT_FOR_SQLITE: MydumperRefusal = {
  message: "mydumper knows MySQL and MariaDB only, not SQLite.",
  remedy: "Leave out the option backup.tool.",
};

/**
 * Null: mydumper reads the database as it is. What it would leave out without a word counts as much as what it fails at; found with
 * 0.10.1 of Debian 12 (2026-11) on MariaDB 10.11 and MySQL 9.7.
 */
export function mydumperRefusal(facts: MydumperFacts): MydumperRefusal | null {
  const { program, mayLock } = facts;
  if (program === null)
    return {
      message: "The program mydumper is not installed.",
      remedy: "Install the package mydumper, or leave out the option backup.tool.",
    };
  if (!program.version.startsWith("0.10."))
    return { message: `mydumper ${program.version} is installed; upgate knows how to use 0.10 only.`, remedy: INSTEAD };
  if (mayLock === false)
    return {
      message: "mydumper locks all tables for a moment, and the account lacks the right to do so.",
      remedy: "Give the account the right RELOAD, or leave out the option backup.tool.",
    };
  const message = unfitName(facts) ?? lostColumn(facts);
  return message === null ? null : { message, remedy: INSTEAD };
}

function unfitName({ database, tables, columns }: MydumperFacts): string | null {
  if (UNFIT_NAME.test(database)) return say(`mydumper can't read a database of the name ${JSON.stringify(database)}.`);
  const table = tables.find((name) => UNFIT_NAME.test(name) || Buffer.byteLength(`${database}.${name}`) > LONGEST_NAME_BYTES);
  if (table !== undefined) return say(`mydumper can't read a table of the name ${JSON.stringify(table)}.`);
  const odd = columns.find(({ column }) => column.includes("`"));
  return odd ? say(`mydumper can't read a column of the name ${JSON.stringify(odd.column)}, which the table ${odd.table} has.`) : null;
}

function lostColumn({ columns }: MydumperFacts): string | null {
  const invisible = columns.find(({ extra }) => extra.includes("INVISIBLE"));
  if (invisible) return say(`mydumper leaves out invisible columns, and the table ${invisible.table} has one, ${invisible.column}.`);
  const lost = columns.find(({ extra }) => extra.includes("DEFAULT_GENERATED"));
  if (!lost) return null;
  return say(
    `mydumper takes a column of MySQL whose default is an expression for a generated one and leaves it out: ${lost.column} of the table ${lost.table}.`,
  );
}

export function refusedTool({ message, remedy }: MydumperRefusal): UpgateError {
  return new UpgateError("ERR_UPGATE_BACKUP_TOOL", message, { remedy });
}
