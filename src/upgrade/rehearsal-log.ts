import type { Loss } from "../core/loss.js";
import type { PlanLosses } from "../core/plan-losses.js";
import type { AlterAlgorithm, RehearsedMigration, RehearsedStatement } from "../core/rehearsal.js";
import { classifyStatement, type SqlDialect } from "../core/statement.js";
import { namesDatabase } from "../core/statement-database.js";
import { changedTable } from "../core/statement-tables.js";
import { redactStatement } from "../core/statement-redaction.js";
import type { RunHooks, RunMoment } from "./run-hooks.js";

/** Of one migration; a loop over rows says the same again and again. */
const MOST_STATEMENTS = 200;
const LONGEST_STATEMENT = 2000;
const MOST_LOSSES = 100;
/** By which knex builds a table anew on SQLite: the table has its old name again when the migration is over. */
const KNEX_REBUILD = /^_knex_temp_alter\d+$/;

interface LoggedStatement {
  readonly sql: string;
  readonly isDefinition: boolean;
  readonly losses: readonly Loss[];
  ms: number | null;
}

interface LoggedMigration {
  readonly statements: LoggedStatement[];
  readonly tables: Set<string>;
  /** By their text, so that a loop's are kept once. */
  readonly losses: Map<string, readonly Loss[]>;
  leftOut: number;
}

/** Writes down what the migrations of a rehearsal send. */
export class StatementLog implements RunHooks {
  readonly #migrations = new Map<string, LoggedMigration>();
  #open: { readonly sql: string; readonly kept: LoggedStatement | null; readonly sinceMs: number } | null = null;

  constructor(
    private readonly dialect: SqlDialect,
    /** Awaited before a statement of structure is sent. */
    private readonly beforeDefinition: (sql: string) => Promise<void> | undefined,
    /** The real database's name; null where no statement can mean another one by a name. */
    private readonly realDatabase: string | null,
    private readonly losses: PlanLosses,
  ) {}

  /** What names the real database would not touch the copy. */
  refuse(sql: string): string | null {
    if (this.realDatabase === null || !namesDatabase(sql, this.dialect, this.realDatabase)) return null;
    return `it names the database ${this.realDatabase} itself, and would change the real one; such a release can't be rehearsed.`;
  }

  /** The statement that was sent and has not been carried out. */
  get unanswered(): string | null {
    return this.#open === null ? null : shown(this.#open.sql);
  }

  atPoint({ point, migration, statement }: RunMoment): Promise<void> | undefined {
    if (migration === null || statement === "") return undefined;
    if (point === "after-intent") return this.beforeDefinition(statement);
    if (point === "sent") this.#sent(migration, statement);
    if (point === "after-statement") this.#answered();
    return undefined;
  }

  /** What is known of each migration besides, with its statements; `algorithms`: by the statement's text. */
  migrations(
    known: readonly Pick<RehearsedMigration, "name" | "version" | "sha256" | "ms">[],
    algorithms: ReadonlyMap<string, AlterAlgorithm>,
  ): RehearsedMigration[] {
    return known.map((one) => {
      const logged = this.#migrations.get(one.name);
      const statements = (logged?.statements ?? []).map(({ sql, isDefinition, ms, losses }): RehearsedStatement => {
        return { sql: shown(sql), ms: isDefinition ? ms : null, algorithm: algorithms.get(sql) ?? null, losses };
      });
      const tables = [...(logged?.tables ?? [])].filter((table) => !KNEX_REBUILD.test(table)).toSorted();
      return { ...one, statements, leftOut: logged?.leftOut ?? 0, tables, losses: eachOnce([...(logged?.losses.values() ?? [])].flat()) };
    });
  }

  #sent(name: string, sql: string): void {
    const statement = classifyStatement(sql, this.dialect);
    const isChange = statement.kind !== "read" && statement.kind !== "session";
    this.#open = { sql, kept: isChange ? this.#keep(name, sql, statement) : null, sinceMs: performance.now() };
  }

  #keep(name: string, sql: string, statement: ReturnType<typeof classifyStatement>): LoggedStatement | null {
    let migration = this.#migrations.get(name);
    if (!migration) this.#migrations.set(name, (migration = { statements: [], tables: new Set(), losses: new Map(), leftOut: 0 }));
    const losses = this.losses.note(sql);
    const key = JSON.stringify(losses);
    // What was kept may have been withdrawn since.
    if (losses.length > 0 && !migration.losses.get(key)?.length) migration.losses.set(key, losses);
    if (statement.kind === "definition")
      for (const { type, name: target } of statement.targets) if (type === "table") migration.tables.add(target);
    if (migration.statements.length >= MOST_STATEMENTS) {
      migration.leftOut++;
      return null;
    }
    const table = statement.kind === "definition" ? null : changedTable(sql, this.dialect);
    if (table !== null) migration.tables.add(table);
    const kept = { sql, isDefinition: statement.kind === "definition", losses, ms: null };
    migration.statements.push(kept);
    return kept;
  }

  #answered(): void {
    if (this.#open?.kept) this.#open.kept.ms = Math.round(performance.now() - this.#open.sinceMs);
    this.#open = null;
  }
}

function eachOnce(losses: readonly Loss[]): Loss[] {
  return [...new Map(losses.map((loss) => [JSON.stringify(loss), loss])).values()].slice(0, MOST_LOSSES);
}

function shown(sql: string): string {
  const text = redactStatement(sql);
  return text.length <= LONGEST_STATEMENT ? text : `${text.slice(0, LONGEST_STATEMENT - 1)}…`;
}
