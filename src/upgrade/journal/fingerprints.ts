import { createHmac, hash, type Hmac } from "node:crypto";

/** knex numbers its savepoints by process, and names SQLite's table copies by chance. */
const VARYING = /\btrx\d+\b|_knex_temp_alter\d+/g;

/** What a statement is known by when it comes again. */
export interface Fingerprint {
  /** Of the text, see `statementHash`. */
  readonly text: string;
  /** Of the values, see `bindingsHash`. */
  readonly values: string | null;
}

export function fingerprintOf(key: string, sql: string, bindings: readonly unknown[] = []): Fingerprint {
  return { text: statementHash(sql), values: bindingsHash(key, bindings, Date.now()) };
}

/** SHA-256 of the text, hex, without what varies from process to process. */
export function statementHash(sql: string): string {
  return hash("sha256", sql.replace(VARYING, "?"));
}

/** A moment this near to the clock is taken for "now": it differs each time, and nothing hangs on it. ms. */
const NOW_WITHIN_MS = 24 * 3600 * 1000;

const TIMESTAMP = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?$/;

/**
 * HMAC-SHA-256 of the values, hex; null without any. Keyed, because the journal must not give away short secrets. What tells
 * the present time (a date, a timestamp as text, seconds or milliseconds) counts as the same each time.
 */
export function bindingsHash(key: string, bindings: readonly unknown[], nowMs: number): string | null {
  if (bindings.length === 0) return null;
  return hmacOf(
    key,
    bindings.map((value) => canonical(value, nowMs)),
  ).digest("hex");
}

/** Each with its length, so that two values are never taken for one. */
function hmacOf(key: string, values: readonly (string | Buffer)[]): Hmac {
  const hmac = createHmac("sha256", key);
  let text = "";
  for (const value of values) {
    text += `${value.length}:`;
    if (typeof value === "string") text += value;
    else {
      hmac.update(text).update(value);
      text = "";
    }
  }
  return hmac.update(text);
}

function canonical(value: unknown, nowMs: number): string | Buffer {
  if (isNow(value, nowMs)) return "now";
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === "object" && value !== null) return `object ${JSON.stringify(value)}`;
  return `${typeof value} ${String(value)}`;
}

function isNow(value: unknown, nowMs: number): boolean {
  if (value instanceof Date) return near(value.getTime(), nowMs);
  if (typeof value === "number") return near(value, nowMs) || near(value * 1000, nowMs);
  return typeof value === "string" && value.length < 40 && TIMESTAMP.test(value) && near(Date.parse(value), nowMs);
}

function near(timeMs: number, nowMs: number): boolean {
  return Math.abs(timeMs - nowMs) < NOW_WITHIN_MS;
}

/** What rows hold, in whatever order they come: for those too many to be kept. */
export class RowsDigest {
  #sum = 0n;
  #rows = 0;
  #columns: readonly string[] | null;

  /** `columns`: those to look at; null: those of the first row. */
  constructor(
    private readonly key: string,
    columns: readonly string[] | null = null,
  ) {
    this.#columns = columns;
  }

  add(row: unknown): void {
    const members = typeof row === "object" && row !== null ? (row as Record<string, unknown>) : { row };
    this.#columns ??= Object.keys(members);
    const hmac = hmacOf(
      this.key,
      this.#columns.map((name) => canonical(members[name], Number.NEGATIVE_INFINITY)),
    );
    this.#rows++;
    this.#sum = BigInt.asUintN(SUM_BITS, this.#sum + BigInt(`0x${hmac.digest("hex").slice(0, SUM_BITS / 4)}`));
  }

  get result(): { readonly columns: readonly string[]; readonly digest: string } {
    return { columns: this.#columns ?? [], digest: `${this.#rows}:${this.#sum.toString(16)}` };
  }
}

/** A sum does not depend on the order, and two equal rows do not cancel each other out. */
const SUM_BITS = 128;
