/** Of JavaScript or TypeScript, as far as it takes to find constants: comments are passed over, and so is what texts and regular expressions hold. */
export interface SourceToken {
  /** `text`: a string, or a template; its value, null where it is not constant. `mark`: one other character. */
  readonly kind: "word" | "text" | "mark";
  readonly text: string | null;
}

const SPACE = /[\s\ufeff]+/y;
const WORD = /[\p{ID_Start}\d$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const PLAIN = /[^"'`\\\n$]+/y;
/** Bounded, so that no text takes long. */
const REGULAR_EXPRESSION = /\/(?![*/])(?:[^\\/[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n]){0,200}\]){1,1000}\/\w*/y;
/** Templates within templates. */
const DEEPEST = 50;
/** Words after which a slash begins a regular expression; after others, and after `)`, `]` and `}`, it divides. */
const BEFORE_EXPRESSION = new Set("return typeof case in of delete void throw new else do instanceof yield await".split(" "));

/** Reads token by token; tolerant: what it can't make sense of are marks. */
export class SourceTokens {
  #position = 0;
  #last: SourceToken | null = null;
  #depth = 0;
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
    if (source.startsWith("#!")) this.#position = this.#endOf("\n");
  }

  next(): SourceToken | null {
    this.#skip();
    if (this.#position >= this.#source.length) return null;
    this.#last = this.#read();
    return this.#last;
  }

  #read(): SourceToken {
    const first = this.#source[this.#position] as string;
    if (first === '"' || first === "'" || first === "`") return { kind: "text", text: this.#quoted(first) };
    if (first === "/" && this.#mayBeginExpression() && this.#match(REGULAR_EXPRESSION) !== null) return { kind: "text", text: null };
    const word = this.#match(WORD);
    if (word !== null) return { kind: "word", text: word };
    this.#position++;
    return { kind: "mark", text: first };
  }

  #mayBeginExpression(): boolean {
    const last = this.#last;
    if (last === null) return true;
    if (last.kind === "word") return BEFORE_EXPRESSION.has(last.text as string);
    return last.kind === "mark" && !")]}".includes(last.text as string);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#source)?.[0] ?? null;
    this.#position += found?.length ?? 0;
    return found;
  }

  #skip(): void {
    for (;;) {
      this.#match(SPACE);
      if (this.#source.startsWith("//", this.#position)) this.#position = this.#endOf("\n");
      else if (this.#source.startsWith("/*", this.#position)) this.#position = this.#endOf("*/");
      else return;
    }
  }

  #endOf(mark: string): number {
    const found = this.#source.indexOf(mark, this.#position + mark.length);
    return found < 0 ? this.#source.length : found + mark.length;
  }

  /** The value; null for a template with substitutions, and for a text that does not end. */
  #quoted(quote: string): string | null {
    this.#position++;
    let value: string | null = "";
    for (;;) {
      const plain = this.#match(PLAIN);
      if (plain !== null) value = value === null ? null : value + plain;
      const character = this.#source[this.#position++];
      if (character === undefined) return null;
      if (character === quote) return value;
      if (character === "\n" && quote !== "`") return null;
      if (character === "$" && quote === "`" && this.#source[this.#position] === "{") {
        this.#position++;
        this.#passSubstitution();
        value = null;
      } else {
        const added: string = character === "\\" ? this.#escaped() : character;
        value = value === null ? null : value + added;
      }
    }
  }

  #passSubstitution(): void {
    if (++this.#depth > DEEPEST) this.#position = this.#source.length;
    for (let open = 1; open > 0;) {
      const token = this.next();
      if (token === null) break;
      if (token.kind === "mark") open += token.text === "{" ? 1 : token.text === "}" ? -1 : 0;
    }
    this.#depth--;
  }

  #escaped(): string {
    const code = this.#match(CODE);
    if (code !== null) return characterOf(Number.parseInt(code.replaceAll(/[^\da-f]/gi, ""), 16));
    const character = this.#source[this.#position++] ?? "";
    return character === "\n" || character === "\r" ? "" : (ESCAPES[character] ?? character);
  }
}

const CODE = /u\{[\da-f]{1,8}\}|u[\da-f]{4}|x[\da-f]{2}/iy;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", v: "\v", 0: "\0" };
const LAST_CODE_POINT = 0x10ffff;

function characterOf(code: number): string {
  return code <= LAST_CODE_POINT ? String.fromCodePoint(code) : "";
}
