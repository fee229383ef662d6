import type { Knex } from "knex";
import type { AlterAlgorithm } from "../core/rehearsal.js";
import { classifyStatement } from "../core/statement.js";
import { factsOf } from "../store/driver-errors.js";

interface WatchedAlter {
  readonly sql: string;
  readonly table: string;
  /** As it was before. */
  readonly definition: string;
}

/** What changes a table in place; the others make or drop one. */
const ALTERS =
  /^\s*(?:\/\*.*?\*\/\s*)*(?:(alter\s+(?:online\s+|ignore\s+)?table)|create\s+(?:(?:unique|fulltext|spatial)\s+)?index|drop\s+index)\b/is;
const NAMED = /\balgorithm\s*=?\s*(instant|inplace|nocopy|copy)\b/i;
/** A partition's clause stands last: nothing can be said behind it. */
const PARTITIONING =
  /\b(?:partition\s+by|(?:add|drop|truncate|reorganize|exchange|coalesce|analyze|check|optimize|rebuild|repair|import|discard|remove)\s+partition(?:ing)?)\b/i;
/** ER_ALTER_OPERATION_NOT_SUPPORTED, ER_ALTER_OPERATION_NOT_SUPPORTED_REASON. */
const NOT_SUPPORTED = new Set([1845, 1846]);

/**
 * Finds by which algorithm the server carries each ALTER out. It says so to nobody who does not ask: so after the rehearsal each is asked
 * for, with a demand for the cheapest, of an empty table of the same definition. In the scratch database, under the same name.
 */
export class AlterWatch {
  readonly #seen: WatchedAlter[] = [];

  /** `knex`: the store's on the scratch database; `close` ends it. */
  constructor(private readonly knex: Knex) {}

  /** Remembers the definition of the table that the statement is about to change. */
  async before(sql: string): Promise<void> {
    if (!ALTERS.test(sql)) return;
    const statement = classifyStatement(sql, "mysql");
    const [target, ...others] = statement.kind === "definition" ? statement.targets.filter(({ type }) => type === "table") : [];
    if (target === undefined || others.length > 0 || target.path.length > 1) return;
    const [rows] = (await this.knex.raw("SHOW CREATE TABLE ??", [target.path[0]])) as [Record<string, unknown>[]];
    const definition = rows[0]?.["Create Table"];
    if (typeof definition === "string") this.#seen.push({ sql, table: target.path[0], definition });
  }

  /** By the statement's text; one that can't be judged is left out. The tables of the scratch database are lost by it. */
  async judge(): Promise<Map<string, AlterAlgorithm>> {
    const found = new Map<string, AlterAlgorithm>();
    if (this.#seen.length === 0) return found;
    await this.knex.transaction(async (trx) => {
      // One connection for all: the settings are its own.
      await trx.raw("SET SESSION foreign_key_checks = 0, sql_mode = ''");
      for (const alter of this.#seen) {
        const algorithm = await judgeOne(trx, alter);
        if (algorithm) found.set(alter.sql, algorithm);
      }
    });
    return found;
  }

  async close(): Promise<void> {
    await this.knex.destroy();
  }
}

async function judgeOne(trx: Knex, { sql, table, definition }: WatchedAlter): Promise<AlterAlgorithm | null> {
  const named = NAMED.exec(sql)?.[1]?.toUpperCase();
  if (named !== undefined) return named === "NOCOPY" ? "INPLACE" : (named as AlterAlgorithm);
  if (PARTITIONING.test(sql)) return null;
  const between = ALTERS.exec(sql)?.[1] === undefined ? " " : ", ";
  const text = sql.replace(/[\s;]+$/, "");
  for (const algorithm of ["INSTANT", "INPLACE", "COPY"] as const) {
    try {
      await trx.raw("DROP TABLE IF EXISTS ??", [table]);
      await trx.raw(escaped(definition));
      await trx.raw(escaped(`${text}${between}ALGORITHM=${algorithm}`));
      return algorithm;
    } catch (error) {
      // What an empty copy of the table refuses for another reason is no answer.
      if (!NOT_SUPPORTED.has(Number(factsOf(error).errno))) return null;
    }
  }
  return null;
}

/** knex takes a question mark for a binding. */
function escaped(sql: string): string {
  return sql.replaceAll("?", "\\?");
}
