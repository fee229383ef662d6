import type { OptionProblem } from "./errors.js";

/** Reads the members of one options object and gathers every problem, instead of stopping at the first. */
export class Checker {
  readonly problems: OptionProblem[];

  constructor(
    readonly prefix: string,
    readonly input: Readonly<Record<string, unknown>>,
    problems: OptionProblem[] = [],
  ) {
    this.problems = problems;
  }

  problem(name: string, message: string): void {
    this.problems.push({ path: this.prefix + name, message });
  }

  /** Reports members that are not options, with the nearest name that is. */
  known(names: readonly string[]): void {
    for (const name of Object.keys(this.input)) {
      if (names.includes(name)) continue;
      const near = didYouMean(name, names);
      this.problem(name, near ? `is not an option; did you mean "${near}"?` : "is not an option");
    }
  }

  check(name: string, problemOf: (value: unknown) => string | null): unknown {
    const value = this.input[name];
    const problem = problemOf(value);
    if (problem) this.problem(name, problem);
    return value;
  }

  child(name: string): Checker {
    const value = this.input[name];
    if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) {
      this.problem(name, "must be an object");
      return new Checker(`${this.prefix}${name}.`, {}, this.problems);
    }
    return new Checker(`${this.prefix}${name}.`, (value ?? {}) as Record<string, unknown>, this.problems);
  }

  optionalString(name: string): string | undefined {
    const value = this.input[name];
    if (value === undefined) return undefined;
    if (typeof value === "string" && value !== "") return value;
    this.problem(name, value === "" ? "must not be empty" : `must be a string, got ${typeof value}`);
    return undefined;
  }

  /** One of a few words; the first is the default. */
  oneOf<Word extends string>(name: string, words: readonly [Word, ...Word[]]): Word {
    const value = this.input[name];
    if (value === undefined) return words[0];
    if (words.includes(value as Word)) return value as Word;
    this.problem(name, `must be ${words.map((word) => `"${word}"`).join(" or ")}, got ${JSON.stringify(value) ?? typeof value}`);
    return words[0];
  }

  /** `unit`: what the number counts, as its message has it after "a whole number". */
  integer(name: string, fallback: number, least: number, most: number, unit = " of milliseconds"): number {
    const value = this.input[name];
    if (value === undefined) return Math.max(fallback, least);
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    this.problem(name, `must be a whole number${unit} from ${least} to ${most}, got ${String(value)}`);
    return fallback;
  }

  /** A name of a table or column that needs no quoting tricks; `database.table` is allowed. */
  identifier(name: string, fallback: string): string {
    const value = this.optionalString(name);
    if (value === undefined) return fallback;
    if (!/^[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)?$/.test(value))
      this.problem(name, `must be a table or column name, got ${JSON.stringify(value)}`);
    return value;
  }

  /** A path as a browser sees it: empty or with a leading slash, none at the end, nothing that needs encoding. */
  urlPath(name: string, fallback: string): string {
    const value = this.input[name];
    if (value === undefined || (value === "" && fallback === "")) return fallback;
    if (typeof value === "string" && /^(?:\/[\w.~-]+)+$/.test(value) && !/\/\.{1,2}(?:\/|$)/.test(value)) return value;
    this.problem(name, `must be a path such as "${fallback || "/billing"}", got ${JSON.stringify(value) ?? typeof value}`);
    return fallback;
  }

  path(name: string, required: boolean, orWeb = false): string | URL | null {
    const value = this.input[name];
    if (value === undefined && !required) return null;
    const problem = pathProblem(value, orWeb);
    if (problem === null) return value as string | URL;
    this.problem(name, value === undefined ? "is required" : problem);
    return null;
  }

  paths(name: string): (string | URL)[] {
    const value = this.input[name];
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.problem(name, "must be an array of paths");
      return [];
    }
    value.forEach((item, index) => {
      const problem = pathProblem(item);
      if (problem) this.problem(`${name}[${index}]`, problem);
    });
    return value.filter((item) => pathProblem(item) === null) as (string | URL)[];
  }
}

export function isPromise(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

function pathProblem(value: unknown, orWeb = false): string | null {
  const isWeb = /^https?:/.test(String(value));
  if (isWeb && !orWeb) return "must be a path or a file URL, not a web address";
  if (value instanceof URL) return isWeb || value.protocol === "file:" ? null : "must be a file: or https: URL";
  return typeof value === "string" && value !== "" ? null : "must be a path or a file URL";
}

/** The known name nearest to the given one, where it is near enough to be a slip. */
export function didYouMean(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance, two rows of the table at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substituted, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
