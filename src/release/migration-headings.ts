import { open } from "node:fs/promises";
import { type SourceToken, SourceTokens } from "./source-tokens.js";

/** What a migration says of itself, for operators. */
export interface MigrationHeading {
  /** One line, at most 120 characters. */
  readonly title: string | null;
  /** One paragraph, at most 500 characters. */
  readonly description: string | null;
}

const NO_HEADING: MigrationHeading = { title: null, description: null };
const LONGEST = { title: 120, description: 500 } as const;
const READ_BYTES = 64 * 1024;

/** Reads the first 64 KiB of the file and runs nothing of it. Nothing is found in a file that can't be read. */
export async function readMigrationHeading(file: string): Promise<MigrationHeading> {
  try {
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, 0);
      return migrationHeading(buffer.toString("utf8", 0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    return NO_HEADING;
  }
}

/**
 * Finds `export const title = "…"` (`let`, `var`, with a type), `exports.title = "…"` and `module.exports.title = "…"`, and the same of
 * `description`, outside all brackets. The value is a text in any quotes, a template without substitutions; whatever else counts as none.
 */
export function migrationHeading(source: string): MigrationHeading {
  if (!/title|description/.test(source)) return NO_HEADING;
  const statements = new Statements(new SourceTokens(source));
  const found: { -readonly [Key in keyof MigrationHeading]: MigrationHeading[Key] } = { ...NO_HEADING };
  for (let name = statements.nextExport(); name !== null; name = statements.nextExport()) {
    if (name !== "title" && name !== "description") continue;
    const value = statements.constant();
    if (value !== undefined) found[name] = shown(value, LONGEST[name]);
  }
  return found;
}

/** Looks for what a module exports by assignment, between its other statements. */
class Statements {
  readonly #tokens: SourceTokens;
  #token: SourceToken | null;
  #depth = 0;
  #before = "";

  constructor(tokens: SourceTokens) {
    this.#tokens = tokens;
    this.#token = tokens.next();
  }

  /** The name of the next constant or property that is exported; null at the end. The value comes next. */
  nextExport(): string | null {
    while (this.#token !== null) {
      const isOutside = this.#depth === 0;
      if (isOutside && this.#before !== "." && this.#take("export")) {
        if (["const", "let", "var"].some((word) => this.#take(word))) return this.#advance()?.text ?? "";
      } else if (isOutside && this.#before !== "." && this.#isWord("exports")) {
        if (this.#takeProperty()) return this.#advance()?.text ?? "";
      } else if (isOutside && this.#before !== "." && this.#isWord("module")) {
        this.#advance();
        if (this.#take(".") && this.#isWord("exports") && this.#takeProperty()) return this.#advance()?.text ?? "";
      } else this.#advance();
    }
    return null;
  }

  /** The text that is assigned next; null where that is something else or more than a text, undefined where nothing is. */
  constant(): string | null | undefined {
    this.#passType();
    if (!this.#take("=")) return undefined;
    if (this.#token?.kind !== "text") return null;
    const value = this.#advance()?.text ?? null;
    const next = this.#token as SourceToken | null;
    return next === null || next.kind === "word" || (next.kind === "mark" && ";,".includes(next.text as string)) ? value : null;
  }

  /** TypeScript's `: string`. */
  #passType(): void {
    if (this.#take(":")) while (this.#token !== null && this.#token.text !== "=" && this.#token.text !== ";") this.#advance();
  }

  #takeProperty(): boolean {
    this.#advance();
    return this.#take(".");
  }

  #isWord(text: string): boolean {
    return this.#token?.kind === "word" && this.#token.text === text;
  }

  #take(text: string): boolean {
    if (this.#token === null || this.#token.kind === "text" || this.#token.text !== text) return false;
    this.#advance();
    return true;
  }

  /** Passes the token and returns it. */
  #advance(): SourceToken | null {
    const passed = this.#token;
    if (passed?.kind === "mark") {
      if ("([{".includes(passed.text as string)) this.#depth++;
      else if (")]}".includes(passed.text as string)) this.#depth = Math.max(0, this.#depth - 1);
    }
    this.#before = passed?.kind === "mark" ? (passed.text as string) : "";
    this.#token = this.#tokens.next();
    return passed;
  }
}

/** Line ends, other control characters, and those that turn the direction of writing, are spaces. */
const UNPRINTABLE = /[\s\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;

function shown(value: string | null, most: number): string | null {
  const text = (value ?? "").replaceAll(UNPRINTABLE, " ").trim();
  if (text === "") return null;
  const characters = [...text];
  return characters.length <= most
    ? text
    : `${characters
        .slice(0, most - 1)
        .join("")
        .trimEnd()}…`;
}
