import { DumpInventory } from "./dump-inventory.js";
import { StatementHead } from "./dump-statement-head.js";
import { borderOf, type DumpSection, type DumpSink } from "./dump-sections.js";

const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const BACKTICK = 0x60;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const STAR = 0x2a;
const SLASH = 0x2f;
const DASH = 0x2d;
const OPEN = 0x28;
const CLOSE = 0x29;
const SEMICOLON = 0x3b;
const HASH = 0x23;
const BANG = 0x21;
const LETTER_M = 0x4d;
const LETTER_V = 0x56;

/** Short strings are walked through; in longer ones the search of the platform is faster. */
const WALK_BYTES = 48;

const enum State {
  Start,
  Line,
  Word,
  Code,
  Quoted,
  LineComment,
  Comment,
  Dashes,
  CommentOpens,
  CommentOpensM,
}

/** Bytes that mean something outside strings. */
const SPECIAL = new Uint8Array(256);
for (const byte of [QUOTE, DOUBLE_QUOTE, BACKTICK, STAR, DASH, OPEN, CLOSE, SEMICOLON, HASH, LETTER_V]) SPECIAL[byte] = 1;

const isSpace = (byte: number): boolean => byte <= 0x20;
const isLetter = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);

/**
 * Reads a dump of mariadb-dump or mysqldump as it streams by: counts the rows of each table, lists tables and views, and sees the
 * sections' borders and the end mark. It follows strings, comments and delimiters as the client does, so that text in rows or in the
 * bodies of routines is never taken for a border. Chunks may end anywhere.
 */
export class DumpScanner {
  readonly inventory = new DumpInventory();
  /** Bytes so far. */
  bytes = 0;

  private state = State.Start;
  private quote = 0;
  private escaped = false;
  private depth = 0;
  private inInsert = false;
  private inValues = false;
  private rows = 0;
  private previous = 0;
  private word = "";
  private delimiterBytes = 1;
  private semicolons = 0;
  private backslashEscapes = true;
  private ansiQuotes = false;
  private held: Buffer[] = [];
  private readonly head = new StatementHead();
  private chunk: Buffer = Buffer.alloc(0);
  /** Of the chunk: where the statement, and what has not been passed on yet, begin. */
  private statementAt = 0;
  private passedAt = 0;

  /** Of rows whose length is known, bytes. */
  private ahead = 0;

  /** `known`: `inventory.rowsBytes` of an earlier look. Those rows are passed on as they are, and not counted. */
  constructor(
    private readonly sink: DumpSink | null = null,
    private readonly known: ReadonlyMap<string, number> = new Map(),
  ) {}

  /** The last statement has its end. */
  get isBetweenStatements(): boolean {
    return this.state === State.Start;
  }

  push(chunk: Buffer): void {
    this.chunk = chunk;
    this.statementAt = 0;
    this.passedAt = 0;
    const end = chunk.length;
    for (let at = 0; at < end;) at = this.ahead > 0 ? this.skip(at, end) : this.step(at, end);
    this.keepHead(end);
    if (this.state === State.Line || this.state === State.Word) this.hold(end);
    else this.pass(end);
    this.bytes += end;
  }

  private skip(at: number, end: number): number {
    const until = Math.min(end, at + this.ahead);
    this.ahead -= until - at;
    if (this.ahead === 0 && this.chunk[until - 1] !== SEMICOLON)
      throw new Error(`The rows of ${this.inventory.section.name} are not where the manifest says.`);
    return until;
  }

  private step(at: number, end: number): number {
    switch (this.state) {
      case State.Code:
        return this.code(at, end);
      case State.Quoted:
        return this.quoted(at, end);
      case State.Start:
        return this.start(at);
      case State.Line:
        return this.line(at);
      case State.Word:
        return this.first(at, end);
      case State.LineComment:
        return this.lineComment(at, end);
      case State.Comment:
        return this.comment(at, end);
      default:
        return this.opening(at);
    }
  }

  private code(from: number, end: number): number {
    const chunk = this.chunk;
    let at = from;
    while (at < end) {
      const byte = chunk[at++] as number;
      if (SPECIAL[byte] === 0) continue;
      if (byte === OPEN) {
        if (this.depth++ === 0 && this.inValues) this.rows++;
      } else if (byte === CLOSE) this.depth--;
      else if (byte === QUOTE || byte === DOUBLE_QUOTE || byte === BACKTICK) {
        this.quote = byte;
        this.state = State.Quoted;
        return at;
      } else if (byte === LETTER_V) {
        if (this.inInsert && this.depth === 0) this.inValues = true;
      } else if (this.rest(byte, at)) return at;
    }
    this.previous = end > 0 ? (chunk[end - 1] as number) : this.previous;
    return end;
  }

  /** Comments and the end of a statement. True: the state is another now. */
  private rest(byte: number, after: number): boolean {
    const before = after > 1 ? this.chunk[after - 2] : this.previous;
    if (byte === SEMICOLON) {
      this.semicolons = before === SEMICOLON ? this.semicolons + 1 : 1;
      if (this.semicolons < this.delimiterBytes) return false;
      this.endStatement(after);
    } else if (byte === HASH) this.state = State.LineComment;
    else if (byte === DASH) {
      if (before !== DASH) return false;
      this.state = State.Dashes;
    } else {
      if (before !== SLASH) return false;
      this.state = State.CommentOpens;
    }
    return true;
  }

  private quoted(from: number, end: number): number {
    const { chunk, quote } = this;
    const escapes = this.backslashEscapes && quote !== BACKTICK && !(quote === DOUBLE_QUOTE && this.ansiQuotes);
    let at = from;
    if (this.escaped) {
      this.escaped = false;
      at++;
    }
    const walkEnd = Math.min(end, from + WALK_BYTES);
    while (at < walkEnd) {
      const byte = chunk[at++] as number;
      if (byte === quote) return this.closeQuote(at);
      if (byte === BACKSLASH && escapes) at++;
    }
    if (at > end) {
      this.escaped = true;
      return end;
    }
    return this.searchQuote(at, end, escapes);
  }

  private searchQuote(from: number, end: number, escapes: boolean): number {
    const { chunk, quote } = this;
    const found = chunk.indexOf(quote, from);
    const until = found < 0 ? end : found;
    let slashes = 0;
    if (escapes) while (until - slashes > from && chunk[until - 1 - slashes] === BACKSLASH) slashes++;
    const odd = slashes % 2 === 1;
    if (found >= 0) return odd ? found + 1 : this.closeQuote(found + 1);
    this.escaped = odd;
    return end;
  }

  /** A doubled quote closes the string and opens it again at once: nothing else to do about it. */
  private closeQuote(after: number): number {
    this.state = State.Code;
    this.previous = 0;
    return after;
  }

  private start(at: number): number {
    const byte = this.chunk[at] as number;
    if (isSpace(byte)) return at + 1;
    this.pass(at);
    this.statementAt = at;
    this.head.clear();
    this.previous = 0;
    this.semicolons = 0;
    this.depth = 0;
    this.inventory.complete = false;
    this.word = "";
    this.state = byte === DASH || byte === HASH ? State.Line : isLetter(byte) ? State.Word : State.Code;
    return at;
  }

  /** A comment of its own, or a command that ends with its line. */
  private line(at: number): number {
    const found = this.chunk.indexOf(NEWLINE, at);
    if (found < 0) return this.chunk.length;
    this.hold(found + 1);
    const line = Buffer.concat(this.held);
    this.held = [];
    this.state = State.Start;
    this.statementAt = found + 1;
    const read = this.readLine(line, this.bytes + found + 1);
    this.sink?.bytes(read);
    return found + 1;
  }

  private readLine(line: Buffer, end: number): Buffer {
    if (this.word === "ALTER") return this.sink?.alterDatabase(line) ?? line;
    const text = line.toString("utf8");
    if (this.word === "DELIMITER") this.delimiterBytes = text.slice(this.word.length).trim().length;
    const border = this.word === "" ? borderOf(text.trimEnd()) : null;
    if (border !== null) this.enter(border, end);
    return line;
  }

  private enter(section: DumpSection, end: number): void {
    this.inventory.enter(section, end);
    this.ahead = section.kind === "data" ? (this.known.get(section.name) ?? 0) : 0;
    this.sink?.section(section);
  }

  private first(from: number, end: number): number {
    let at = from;
    while (at < end && isLetter(this.chunk[at] as number)) at++;
    this.word += this.chunk.toString("latin1", from, at);
    if (at === end) return at;
    this.inInsert = this.word === "INSERT" || this.word === "REPLACE";
    this.inValues = false;
    if (this.word === "DELIMITER" || this.word === "ALTER") {
      this.state = State.Line;
      return at;
    }
    this.release();
    this.state = State.Code;
    return at;
  }

  private lineComment(at: number, end: number): number {
    const found = this.chunk.indexOf(NEWLINE, at);
    if (found < 0) return end;
    this.state = State.Code;
    this.previous = NEWLINE;
    return found + 1;
  }

  private comment(from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const byte = this.chunk[at] as number;
      if (byte === SLASH && this.previous === STAR) {
        this.state = State.Code;
        this.previous = 0;
        return at + 1;
      }
      this.previous = byte;
    }
    return end;
  }

  /** After two dashes or a comment's first two characters: the next one tells what it is. */
  private opening(at: number): number {
    const byte = this.chunk[at] as number;
    if (this.state === State.Dashes) {
      this.state = isSpace(byte) ? State.LineComment : State.Code;
      this.previous = DASH;
      return at;
    }
    const executed = byte === BANG;
    if (this.state === State.CommentOpens && byte === LETTER_M) {
      this.state = State.CommentOpensM;
      return at + 1;
    }
    this.state = executed ? State.Code : State.Comment;
    this.previous = 0;
    return executed ? at + 1 : at;
  }

  private endStatement(after: number): void {
    if (this.inInsert) this.inventory.insert(this.rows, this.bytes + after);
    else this.readSqlMode(after);
    this.rows = 0;
    this.inInsert = false;
    this.inValues = false;
    this.state = State.Start;
    this.statementAt = after;
  }

  /** Around a routine the tools set the mode that it was made in, and that decides how its strings are written. */
  private readSqlMode(after: number): void {
    this.keepHead(after);
    const mode = this.head.sqlMode();
    if (mode === null) return;
    this.backslashEscapes = !mode.includes("NO_BACKSLASH_ESCAPES");
    this.ansiQuotes = mode.includes("ANSI_QUOTES");
  }

  private keepHead(until: number): void {
    if (this.state === State.Start || this.inInsert) return;
    this.head.add(this.chunk.subarray(this.statementAt, until));
    this.statementAt = until;
  }

  private hold(until: number): void {
    this.held.push(Buffer.from(this.chunk.subarray(this.passedAt, until)));
    this.passedAt = until;
  }

  /** What was held back to see what it is turned out to be part of a statement. */
  private release(): void {
    for (const bytes of this.held) this.sink?.bytes(bytes);
    this.held = [];
  }

  private pass(until: number): void {
    if (until > this.passedAt) this.sink?.bytes(this.chunk.subarray(this.passedAt, until));
    this.passedAt = until;
  }
}
