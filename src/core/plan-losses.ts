import { type AlterClause, readAlterTable } from "./alter-clauses.js";
import type { Loss } from "./loss.js";
import type { Schema } from "./schema.js";
import { readRowCopy } from "./statement-copy.js";
import type { SqlDialect } from "./statement-kinds.js";
import { type Columns, firstVerb, namesOf, statementLosses } from "./statement-losses.js";
import { isWord, Tokens } from "./statement-tokens.js";

interface Copy {
  to: string;
  /** The columns that were read; null: all. */
  readonly kept: readonly string[] | null;
  /** Their names in the copy, where those are told. */
  readonly named: readonly string[] | null;
}

/**
 * What the statements of a plan, told one after the other, take away of what the database held before the first: tables and columns that the
 * plan itself has made, temporary tables, and tables whose rows were copied into another one first, as knex alters a table on SQLite, are
 * no loss.
 */
export class PlanLosses {
  readonly #dialect: SqlDialect;
  /** What there is to lose, by the tables' names in lower case. */
  readonly #columns = new Map<string, Map<string, string | null>>();
  /** `view v`, `trigger t`. */
  readonly #definitions: ReadonlySet<string>;
  /** By the table that was copied. */
  readonly #copies = new Map<string, Copy>();
  readonly #dropped = new Map<string, { readonly losses: Loss[]; readonly loss: Loss }>();

  /** `schema`: the database as it is before the first statement. */
  constructor(dialect: SqlDialect, { tables, views, triggers }: Schema) {
    this.#dialect = dialect;
    for (const { name, columns } of tables)
      this.#columns.set(name.toLowerCase(), new Map(columns.map((column) => [column.name.toLowerCase(), column.type])));
    this.#definitions = new Set([
      ...views.map(({ name }) => `view ${name.toLowerCase()}`),
      ...triggers.map(({ name }) => `trigger ${name.toLowerCase()}`),
    ]);
  }

  /** Of the next statement. The array gets shorter afterwards, when a view or trigger that was dropped is made again. */
  note(sql: string): readonly Loss[] {
    const losses = statementLosses(sql, this.#dialect, (table) => this.#columnsOf(table)).flatMap((loss) => this.#real(loss));
    for (const loss of losses) if (loss.kind === "drop-definition") this.#dropped.set(keyOfDefinition(loss), { losses, loss });
    this.#follow(sql);
    return losses;
  }

  #real(loss: Loss): Loss[] {
    if (loss.kind === "drop-table") return this.#notCopied(loss);
    const isAbsent =
      loss.kind === "drop-definition" &&
      (loss.type === "view" || loss.type === "trigger") &&
      !loss.name.includes(".") &&
      !this.#definitions.has(keyOfDefinition(loss));
    return isAbsent ? [] : [loss];
  }

  /** An absent table's statement fails, or has nothing to drop; a view's rows are those of some table. */
  #columnsOf(table: string): Columns | null {
    const name = this.#keyOf(table);
    if (name.includes(".") || this.#definitions.has(`view ${name}`)) return null;
    return this.#columns.get(name) ?? new Map();
  }

  #keyOf(table: string): string {
    const name = table.toLowerCase();
    return this.#dialect === "sqlite" ? name.replace(/^main\./, "") : name;
  }

  /** Of a table that is dropped: the columns whose values no other table has. */
  #notCopied(loss: Extract<Loss, { kind: "drop-table" }>): Loss[] {
    const copy = this.#copies.get(this.#keyOf(loss.table));
    if (!copy) return [loss];
    const { kept } = copy;
    if (kept === null) return [];
    const lost = [...(this.#columnsOf(loss.table) ?? new Map<string, null>()).keys()].filter((column) => !kept.includes(column));
    return lost.map((column) => ({ kind: "drop-column", table: loss.table, column }));
  }

  #follow(sql: string): void {
    const tokens = new Tokens(sql, this.#dialect);
    switch (firstVerb(tokens)) {
      case "CREATE":
        return this.#followCreate(tokens);
      case "INSERT":
      case "REPLACE":
        return this.#followInsert(tokens);
      case "DROP":
        return this.#followDrop(tokens);
      case "ALTER":
        return this.#followAlter(tokens, sql);
      case "RENAME":
        return this.#followRename(tokens);
    }
  }

  #followCreate(tokens: Tokens): void {
    const replaces = tokens.take("OR", "REPLACE");
    let token = tokens.next();
    while (token && !(token.kind === "word" && CREATED.test(token.text))) token = tokens.next();
    tokens.take("IF", "NOT", "EXISTS");
    const name = namesOf(tokens)[0];
    if (!token || name === undefined) return;
    if (!isWord(token, "TABLE")) return this.#withdraw(`${token.text.toLowerCase()} ${name.toLowerCase()}`);
    const key = this.#keyOf(name);
    if (replaces || !this.#columns.has(key)) this.#columns.set(key, new Map());
    if (isWord(tokens.peek(), "(")) return;
    for (let next = tokens.next(); next; next = tokens.next()) if (isWord(next, "SELECT")) return this.#noteCopy(tokens, key, null);
  }

  #withdraw(definition: string): void {
    const dropped = this.#dropped.get(definition);
    if (!dropped) return;
    dropped.losses.splice(dropped.losses.indexOf(dropped.loss), 1);
    this.#dropped.delete(definition);
  }

  #followInsert(tokens: Tokens): void {
    while (INSERT_WORDS.some((word) => tokens.take(word)));
    const to = tokens.name()?.join(".");
    if (to === undefined) return;
    const named = tokens.take("(") ? namesOf(tokens).map((name) => name.toLowerCase()) : null;
    if (named !== null) tokens.take(")");
    if (tokens.take("SELECT")) this.#noteCopy(tokens, this.#keyOf(to), named);
  }

  #noteCopy(tokens: Tokens, to: string, named: readonly string[] | null): void {
    const copy = readRowCopy(tokens);
    if (copy) this.#copies.set(this.#keyOf(copy.from), { to, kept: copy.columns, named });
  }

  #followDrop(tokens: Tokens): void {
    tokens.take("TEMPORARY");
    if (!tokens.take("TABLE") && !tokens.take("TABLES")) return;
    tokens.take("IF", "EXISTS");
    for (const name of namesOf(tokens)) {
      const key = this.#keyOf(name);
      const copy = this.#copies.get(key);
      if (copy) this.#moveValues(key, copy);
      this.#columns.delete(key);
      this.#copies.delete(key);
      for (const [from, { to }] of this.#copies) if (to === key) this.#copies.delete(from);
    }
  }

  /** The copy is now the only place of these values. */
  #moveValues(from: string, { to, kept, named }: Copy): void {
    const before = this.#columns.get(from) ?? new Map<string, string | null>();
    const names = (kept ?? [...before.keys()]).map((name, index) => (before.has(name) ? (named?.[index] ?? name) : ""));
    const columns = names.filter((name) => name !== "").map((name) => [name, null] as const);
    this.#columns.set(to, new Map([...(this.#columns.get(to) ?? []), ...columns]));
  }

  #followAlter(tokens: Tokens, sql: string): void {
    const altered = readAlterTable(tokens, sql);
    if (!altered) return;
    let key = this.#keyOf(altered.table);
    for (const clause of altered.clauses) {
      if (clause.kind === "rename-table") {
        this.#rename(key, this.#keyOf(clause.to));
        key = this.#keyOf(clause.to);
      } else this.#followClause(this.#columns.get(key) ?? new Map<string, string | null>(), clause);
    }
  }

  #followClause(columns: Map<string, string | null>, clause: AlterClause): void {
    if (clause.kind === "drop-column") columns.delete(clause.column.toLowerCase());
    if (clause.kind !== "change-column" && clause.kind !== "rename-column") return;
    const [from, to] = [clause.from.toLowerCase(), clause.to.toLowerCase()];
    const type = columns.get(from);
    if (type === undefined) return;
    columns.delete(from);
    columns.set(to, clause.kind === "change-column" ? clause.type : type);
  }

  #followRename(tokens: Tokens): void {
    if (!tokens.take("TABLE") && !tokens.take("TABLES")) return;
    do {
      tokens.take("IF", "EXISTS");
      const from = tokens.name();
      const to = tokens.take("TO") ? tokens.name() : null;
      if (from && to) this.#rename(this.#keyOf(from.join(".")), this.#keyOf(to.join(".")));
    } while (tokens.take(","));
  }

  #rename(from: string, to: string): void {
    moveKey(this.#columns, from, to);
    moveKey(this.#copies, from, to);
    for (const copy of this.#copies.values()) if (copy.to === from) copy.to = to;
  }
}

function moveKey<T>(map: Map<string, T>, from: string, to: string): void {
  const value = map.get(from);
  if (value !== undefined) map.set(to, value);
  map.delete(from);
}

function keyOfDefinition({ type, name }: Extract<Loss, { kind: "drop-definition" }>): string {
  return `${type} ${name.toLowerCase()}`;
}

const CREATED = /^(?:table|view|trigger|procedure|function|event|sequence|index|database|schema|user)$/i;
const INSERT_WORDS = ["LOW_PRIORITY", "HIGH_PRIORITY", "IGNORE", "OR", "REPLACE", "ROLLBACK", "ABORT", "FAIL", "INTO"];
