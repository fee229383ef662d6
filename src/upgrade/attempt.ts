import { setTimeout as pause } from "node:timers/promises";
import type { Check } from "../core/check.js";
import { driverMessage, factsOf } from "../store/driver-errors.js";

/** No page waits longer for one check, ms. */
const LIMIT_MS = 5000;

/** The account may not look there: ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR. */
const DENIED = new Set([1044, 1142, 1143, 1227]);

class TooSlow extends Error {}

/** Makes one check. Never rejects: a look that is refused is a note, one that takes too long a warning, anything else a danger. */
export async function attempt(id: string, title: string, check: () => Promise<Check>, limitMs = LIMIT_MS): Promise<Check> {
  try {
    return await withinLimit(check, limitMs);
  } catch (error) {
    return { id, title, ...failedCheck(error, limitMs) };
  }
}

/** Rejects after `limitMs`, ms; what `work` does then goes on unwatched. */
export async function withinLimit<T>(work: () => Promise<T>, limitMs: number): Promise<T> {
  const settled = new AbortController();
  const late = async (): Promise<never> => {
    await pause(limitMs, undefined, { signal: settled.signal });
    throw new TooSlow(`no answer within ${limitMs / 1000} s`);
  };
  try {
    return await Promise.race([work(), late()]);
  } finally {
    settled.abort();
  }
}

export function isTooSlow(error: unknown): boolean {
  return error instanceof TooSlow;
}

function failedCheck(error: unknown, limitMs: number): Pick<Check, "severity" | "message" | "remedy"> {
  if (isTooSlow(error))
    return {
      severity: "warning",
      message: `Could not be checked: there was no answer within ${limitMs / 1000} s.`,
      remedy: "Check again when the database server has less to do.",
    };
  if (DENIED.has(factsOf(error).errno))
    return { severity: "info", message: `Could not be checked: the account may not look there (${driverMessage(error)}).`, remedy: null };
  return {
    severity: "danger",
    message: `Could not be checked: ${driverMessage(error)}`,
    remedy: "Check that the database server runs and can be reached.",
  };
}
