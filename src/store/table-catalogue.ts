import type { Definition, Statement } from "../core/statement.js";
import { Tokens } from "../core/statement-tokens.js";

/** Sends SQL on the migration's own connection: the rows. */
export type SendSql = (sql: string, bindings?: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

/** The rest has no transactions: MyISAM, Aria, MEMORY, ARCHIVE, CSV, Mroonga and whatever a server has as a plugin. */
const TRANSACTIONAL = new Set(["innodb", "rocksdb", "ndb", "ndbcluster", "tokudb"]);

interface Facts {
  /** DATABASE(); null where none is chosen. */
  readonly database: string | null;
  /** Lower case. */
  readonly defaultEngine: string;
  /** lower_case_table_names is not 0. */
  readonly foldsCase: boolean;
}

/**
 * MySQL's tables, views and sequences of the current database: so that a CREATE of an absent table costs no query, and that
 * rows of an engine without transactions are noticed. Names are compared as the server does.
 */
export class TableCatalogue {
  readonly #names = new Set<string>();
  readonly #nonTransactional = new Map<string, string>();
  readonly #facts: Facts;
  #prefilter: RegExp | null = null;
  #stale = false;

  private constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** One query. */
  static async read(send: SendSql): Promise<TableCatalogue> {
    const rows = await send(
      "SELECT 1 AS about_server, DATABASE() AS object_name, @@default_storage_engine AS object_engine, @@lower_case_table_names AS object_type " +
        "UNION ALL SELECT 0, table_name, engine, table_type FROM information_schema.tables WHERE table_schema = DATABASE()",
    );
    const server = rows.find((row) => Number(row["about_server"]) === 1);
    const catalogue = new TableCatalogue({
      database: textOf(server?.["object_name"]),
      defaultEngine: (textOf(server?.["object_engine"]) ?? "innodb").toLowerCase(),
      foldsCase: textOf(server?.["object_type"]) !== "0",
    });
    for (const row of rows) {
      if (row === server) continue;
      catalogue.#add(textOf(row["object_name"]) ?? "", textOf(row["object_engine"]));
    }
    return catalogue;
  }

  /** Something has happened that the catalogue could not follow: read it again before the next use. */
  get stale(): boolean {
    return this.#stale;
  }

  /** `table`, or `database.table` of the current database. Not to be asked of others; see `knows`. */
  exists(name: string): boolean {
    const own = this.#own(name);
    return own !== null && this.#names.has(own);
  }

  /** False where the answer of `exists` is worth nothing: a table of another database, or the catalogue is stale. */
  knows(path: readonly string[]): boolean {
    return !this.#stale && (path.length === 1 || this.#isCurrent(path[0]));
  }

  /** Names as the server gave them. Tables of other databases are not among them. */
  nonTransactional(): ReadonlySet<string> {
    return new Set(this.#nonTransactional.values());
  }

  /** True when the text names one of them as an identifier, even if it means a column; costs nothing while there are none. */
  mentionsNonTransactional(sql: string): boolean {
    if (this.#nonTransactional.size === 0) return false;
    this.#prefilter ??= anyOf([...this.#nonTransactional.keys()]);
    if (!this.#prefilter.test(sql)) return false;
    const tokens = new Tokens(sql, "mysql");
    for (let token = tokens.next(); token; token = tokens.next())
      if (token.kind !== "text" && token.kind !== "mark" && this.#nonTransactional.has(this.#fold(token.text))) return true;
    return false;
  }

  /** To be told of every statement that was carried out: what it created, dropped, renamed. May make the catalogue `stale`. */
  note(statement: Statement): void {
    if (statement.kind === "definition") this.#noteDefinition(statement);
    else if (statement.kind === "undecidable") this.#stale = true;
    else if ((statement.kind === "session" || statement.kind === "repeatable") && statement.moves) this.#stale = true;
  }

  #noteDefinition({ targets, creates, drops, renames, engine, repeatable, complete }: Definition): void {
    if (!complete) this.#stale = true;
    if (renames.length > 0) return this.#noteRenames(renames, engine);
    for (const name of drops) this.#remove(name);
    const isTable = targets[0]?.type === "table";
    for (const name of creates) {
      // IF NOT EXISTS or OR REPLACE: which of both it was, and so whose engine the table has, is not worth telling apart.
      if (repeatable && this.exists(name) && isTable) this.#stale = true;
      this.#add(this.#own(name), isTable ? (engine ?? this.#facts.defaultEngine) : null);
    }
    if (engine !== null && creates.length === 0) for (const { name } of targets) this.#setEngine(name, engine);
  }

  #noteRenames(renames: Definition["renames"], engine: string | null): void {
    for (const [from, to] of renames) {
      const [source, result] = [this.#own(from), this.#own(to)];
      if (source === null && result !== null) this.#stale = true;
      const without = source !== null && this.#nonTransactional.has(source);
      this.#remove(from);
      this.#add(result, engine ?? (without ? "without transactions" : null));
    }
  }

  #setEngine(name: string, engine: string): void {
    const own = this.#own(name);
    if (own === null) return;
    this.#nonTransactional.delete(own);
    this.#add(own, engine);
    this.#prefilter = null;
  }

  #add(name: string | null, engine: string | null): void {
    if (name === null) return;
    this.#names.add(this.#fold(name));
    if (engine === null || TRANSACTIONAL.has(engine.toLowerCase())) return;
    this.#nonTransactional.set(this.#fold(name), name);
    this.#prefilter = null;
  }

  #remove(name: string): void {
    const own = this.#own(name);
    if (own === null) return;
    this.#names.delete(own);
    if (this.#nonTransactional.delete(own)) this.#prefilter = null;
  }

  /** The name within the current database, folded; null for another database's. A dot in a table's own name is not split off. */
  #own(name: string): string | null {
    const dot = name.indexOf(".");
    if (dot < 0 || this.#names.has(this.#fold(name))) return this.#fold(name);
    return this.#isCurrent(name.slice(0, dot)) ? this.#fold(name.slice(dot + 1)) : null;
  }

  #isCurrent(database: string | undefined): boolean {
    return database !== undefined && this.#facts.database !== null && this.#fold(database) === this.#fold(this.#facts.database);
  }

  #fold(name: string): string {
    return this.#facts.foldsCase ? name.toLowerCase() : name;
  }
}

function anyOf(names: readonly string[]): RegExp {
  // A backtick in a name is doubled where it is quoted.
  const spellings = names.flatMap((name) => (name.includes("`") ? [name, name.replaceAll("`", "``")] : [name]));
  return new RegExp(spellings.map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "i");
}

/** Some drivers give information_schema's texts as bytes. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return Buffer.isBuffer(value) ? value.toString("utf8") : String(value);
}
