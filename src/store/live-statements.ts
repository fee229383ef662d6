import type { Knex } from "knex";
import type { LiveReading, LiveStatement } from "../core/run-step.js";
import { factsOf } from "./driver-errors.js";
import type { Store } from "./store.js";

type Row = Readonly<Record<string, unknown>>;

interface Source {
  readonly sql: string;
  readonly read: (row: Row) => Pick<LiveStatement, "stage" | "percent">;
}

/** Much longer ones are cut on the page anyway. */
const MOST_TEXT = 4000;
const TIMEOUT_MS = 2000;
const MOST_ROWS = 5;
const COPYING = 0.9;

/** Everybody sees the threads of his own account; those of others with the right PROCESS. */
const MARIADB: Source = {
  sql: `SELECT LEFT(info, ${MOST_TEXT}) AS text, time_ms / 1000 AS seconds, state, stage, max_stage, progress
    FROM information_schema.processlist WHERE info LIKE ? ORDER BY time_ms DESC LIMIT ${MOST_ROWS}`,
  read: ({ state, stage, max_stage: count, progress }) => {
    // Zero where the statement counts nothing, https://mariadb.com/kb/en/progress-reporting/
    if (Number(count) === 0) return { stage: null, percent: null };
    const [number, stages] = [Number(stage), Number(count)];
    // Of two the first copies the rows; the second has little to do on InnoDB.
    const before = stages === 2 ? (number - 1) * COPYING : (number - 1) / stages;
    const share = stages === 2 ? (number === 1 ? COPYING : 1 - COPYING) : 1 / stages;
    const percent = Math.floor(before * 100 + share * Number(progress));
    return { stage: { name: String(state), number, count: stages }, percent: Math.min(100, Math.max(0, percent)) };
  },
};

/** Figures where the consumer `events_stages_current` is on, https://dev.mysql.com/doc/refman/8.4/en/monitor-alter-table-performance-schema.html */
const MYSQL_STAGES: Source = {
  sql: `SELECT LEFT(t.processlist_info, ${MOST_TEXT}) AS text, t.processlist_time AS seconds, s.event_name AS stage, s.work_completed AS completed,
    s.work_estimated AS estimated FROM performance_schema.threads t LEFT JOIN performance_schema.events_stages_current s ON s.thread_id = t.thread_id
    WHERE t.processlist_info LIKE ? ORDER BY t.processlist_time DESC LIMIT ${MOST_ROWS}`,
  read: ({ stage, completed, estimated }) => {
    if (typeof stage !== "string" || !(Number(estimated) > 0)) return { stage: null, percent: null };
    const percent = Math.min(100, Math.floor((Number(completed) / Number(estimated)) * 100));
    return { stage: { name: stage.replace(/^stage\/\w+\//, ""), number: null, count: null }, percent };
  },
};

const MYSQL: Source = {
  sql: `SELECT LEFT(info, ${MOST_TEXT}) AS text, time AS seconds FROM information_schema.processlist WHERE info LIKE ? ORDER BY time DESC LIMIT ${MOST_ROWS}`,
  read: () => ({ stage: null, percent: null }),
};

/** Bad field, unknown table, no such table, and what the account may not read: the next source may do. */
const UNUSABLE = new Set([1044, 1054, 1109, 1142, 1143, 1146, 1227, 1370]);

/**
 * Looks into the server's list for what a run has under way, found by the comment that each of its statements carries. Never rejects: a
 * server that shows nothing, or not to this account, leaves it `unseen`. One for a process: it remembers what the server offers.
 */
export class LiveStatements {
  #sources: readonly Source[] | null = null;
  /** The run that was seen there: from then on a list without it says that nothing is under way. */
  #seen: string | null = null;

  constructor(private readonly store: Pick<Store, "knex" | "dialect">) {}

  async read(runId: string): Promise<LiveReading> {
    if (this.store.dialect === "sqlite") return "unseen";
    try {
      const found = await this.#look(runId);
      if (found) this.#seen = runId;
      return found ?? (this.#seen === runId ? "idle" : "unseen");
    } catch {
      return "unseen";
    }
  }

  async #look(runId: string): Promise<LiveStatement | null> {
    const { knex } = this.store;
    this.#sources ??= await sourcesOf(knex);
    const [source] = this.#sources;
    if (!source) return null;
    try {
      const [rows] = (await knex.raw(source.sql, [`/* upgate:${runId}:%`]).timeout(TIMEOUT_MS)) as unknown as [Row[]];
      const [row] = rows.map(lowerCased);
      return row ? { text: String(row["text"]), seconds: Math.floor(Number(row["seconds"])), ...source.read(row) } : null;
    } catch (error) {
      if (UNUSABLE.has(factsOf(error).errno)) this.#sources = this.#sources.slice(1);
      throw error;
    }
  }
}

async function sourcesOf(knex: Knex): Promise<readonly Source[]> {
  const [[row]] = (await knex.raw("SELECT VERSION() AS version").timeout(TIMEOUT_MS)) as unknown as [[{ version: string }]];
  return /mariadb/i.test(row.version) ? [MARIADB] : [MYSQL_STAGES, MYSQL];
}

/** MySQL 8 gives the columns of its own views in capitals. */
function lowerCased(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value]));
}
