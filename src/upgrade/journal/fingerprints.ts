import { createHash, createHmac } from "node:crypto";

/** knex numbers its savepoints by process, and names SQLite's table copies by chance. */
const VARYING = /\btrx\d+\b|_knex_temp_alter\d+/g;

/** SHA-256 of the text, hex, without what varies from process to process. */
export function statementHash(sql: string): string {
  return createHash("sha256").update(sql.replace(VARYING, "?")).digest("hex");
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
  const hmac = createHmac("sha256", key);
  for (const value of bindings) hmac.update(canonical(value, nowMs)).update("\0");
  return hmac.digest("hex");
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

/** Of rows too many to be kept: what they hold in these columns, in whatever order. Null for anything but rows. */
export function rowsDigest(key: string, rows: unknown, columns: readonly string[] | null): { columns: string[]; digest: string } | null {
  if (!Array.isArray(rows) || rows.length === 0 || !rows.every((row) => typeof row === "object" && row !== null && !Array.isArray(row)))
    return Array.isArray(rows) && rows.length === 0 ? { columns: [], digest: "empty" } : null;
  const names = columns ?? Object.keys(rows[0] as object);
  const hashes = rows.map((row) => {
    const hash = createHmac("sha256", key);
    for (const name of names) hash.update(canonical((row as Record<string, unknown>)[name], Number.NEGATIVE_INFINITY)).update("\0");
    return hash.digest("base64");
  });
  const whole = createHmac("sha256", key);
  for (const hash of hashes.toSorted()) whole.update(hash);
  return { columns: [...names], digest: whole.digest("hex") };
}
