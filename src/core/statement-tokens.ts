import type { SqlDialect } from "./statement-kinds.js";

export interface Token {
  /**
   * `word`: keyword, unquoted name or number. `quoted`: a name in backticks or brackets. `double`: in double quotes, a name or a
   * text. `text`: a text in single quotes. `mark`: one other character.
   */
  readonly kind: "word" | "quoted" | "double" | "text" | "mark";
  /** Words and marks as written, the others without quotes and, names only, with doubled quotes undone. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE_CODES = 32;
const BYTE_ORDER_MARK = 0xfeff;
const WORD = /[\w$\u0080-\uffff]+/y;
const BRACKET_OR_QUOTE = /[()'"`#[]|--|\/\*/g;
const EXECUTABLE = /\/\*M?!(\d*)/y;
const NEVER_EXECUTED = 999_999;

/** Reads a statement token by token, linear in its length, without comments. What MySQL executes of comments is read as if it stood outside. */
export class Tokens {
  #position = 0;
  readonly #sql: string;
  readonly #mysql: boolean;

  constructor(sql: string, dialect: SqlDialect) {
    this.#sql = sql;
    this.#mysql = dialect === "mysql";
  }

  get position(): number {
    return this.#position;
  }

  next(): Token | null {
    this.#skip();
    const start = this.#position;
    if (start >= this.#sql.length) return null;
    const first = this.#sql[start] as string;
    if (first === "'") return this.#quoted("text", "'", this.#mysql);
    if (first === '"') return this.#quoted("double", '"', this.#mysql);
    if (first === "`") return this.#quoted("quoted", "`", false);
    if (first === "[" && !this.#mysql) return this.#quoted("quoted", "]", false);
    WORD.lastIndex = start;
    const kind = WORD.test(this.#sql) ? "word" : "mark";
    this.#position = kind === "word" ? WORD.lastIndex : start + 1;
    return { kind, text: kind === "word" ? this.#sql.slice(start, this.#position) : first, start, end: this.#position };
  }

  peek(): Token | null {
    const before = this.#position;
    const token = this.next();
    this.#position = before;
    return token;
  }

  /** Passes the words, upper case, or marks if all of them come next; otherwise stays where it was. */
  take(...words: readonly string[]): boolean {
    const before = this.#position;
    if (words.every((word) => isWord(this.next(), word))) return true;
    this.#position = before;
    return false;
  }

  /** Passes what is left of brackets that were opened, by jumps: a table's columns, a list of rows. */
  passBrackets(): void {
    for (let depth = 1; depth > 0;) {
      BRACKET_OR_QUOTE.lastIndex = this.#position;
      const stop = BRACKET_OR_QUOTE.exec(this.#sql);
      if (!stop) {
        this.#position = this.#sql.length;
        return;
      }
      this.#position = stop.index;
      if (stop[0] === "(" || stop[0] === ")") {
        depth += stop[0] === "(" ? 1 : -1;
        this.#position++;
      } else if (!this.#skipComment()) this.next();
    }
  }

  /** True when nothing follows but semicolons. */
  atEnd(): boolean {
    const before = this.#position;
    let token = this.next();
    while (token?.text === ";" && token.kind === "mark") token = this.next();
    this.#position = before;
    return token === null;
  }

  /** Passes a name, at most with one qualifier; null where there is none. */
  name(): readonly [string] | readonly [string, string] | null {
    const first = this.next();
    if (!first || !isName(first)) return null;
    if (!this.take(".")) return [first.text];
    const second = this.next();
    return second && isName(second) ? [first.text, second.text] : null;
  }

  #skip(): void {
    for (;;) {
      const code = this.#sql.charCodeAt(this.#position);
      if (code <= SPACE_CODES || code === BYTE_ORDER_MARK) this.#position++;
      else if (!this.#skipComment()) return;
    }
  }

  #skipComment(): boolean {
    const sql = this.#sql;
    const at = this.#position;
    const end = (mark: string): number => {
      const found = sql.indexOf(mark, at + 2);
      return found < 0 ? sql.length : found + mark.length;
    };
    if (sql.startsWith("/*", at)) {
      EXECUTABLE.lastIndex = at;
      const executable = this.#mysql ? EXECUTABLE.exec(sql) : null;
      this.#position = executable && Number(executable[1]) < NEVER_EXECUTED ? EXECUTABLE.lastIndex : end("*/");
    } else if (this.#mysql && sql.startsWith("*/", at)) this.#position += 2;
    else if ((sql.startsWith("--", at) && this.#startsComment(at + 2)) || (this.#mysql && sql[at] === "#")) this.#position = end("\n");
    else return false;
    return true;
  }

  /** MySQL takes two hyphens for two minus signs unless space follows. */
  #startsComment(at: number): boolean {
    return !this.#mysql || at >= this.#sql.length || this.#sql.charCodeAt(at) <= SPACE_CODES;
  }

  #quoted(kind: "text" | "double" | "quoted", close: string, escapes: boolean): Token {
    const sql = this.#sql;
    const start = this.#position;
    let at = start + 1;
    for (;;) {
      const end = sql.indexOf(close, at);
      if (end < 0) return this.#closed(kind, start, sql.length, sql.length, close);
      if (escapes && isEscaped(sql, end, start)) at = end + 1;
      else if (sql[end + 1] === close) at = end + 2;
      else return this.#closed(kind, start, end, end + 1, close);
    }
  }

  #closed(kind: Token["kind"], start: number, inner: number, end: number, close: string): Token {
    this.#position = end;
    const raw = this.#sql.slice(start + 1, inner);
    return { kind, text: kind === "text" ? raw : raw.replaceAll(close + close, close), start, end };
  }
}

/** The word in upper case, or a mark. Quoted names are no keywords. */
export function isWord(token: Token | null, word: string): boolean {
  return (
    token !== null &&
    (token.kind === "word" || token.kind === "mark") &&
    token.text.length === word.length &&
    token.text.toUpperCase() === word
  );
}

export function isName(token: Token): boolean {
  return token.kind === "word" || token.kind === "quoted" || token.kind === "double";
}

/** An odd number of backslashes stands before. */
function isEscaped(sql: string, at: number, start: number): boolean {
  let first = at;
  while (first - 1 > start && sql[first - 1] === "\\") first--;
  return (at - first) % 2 === 1;
}
