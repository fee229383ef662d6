import type { FeedLog } from "./feed-log.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** After a first failure; doubled with each further one. */
const RETRY_MS = 5 * MINUTE_MS;
const LONGEST_RETRY_MS = 6 * HOUR_MS;
/** How far due times are spread, as a part of the interval: not every site of a vendor asks at the same minute. */
const JITTER = 0.1;
/** What the holder of a claim has besides the request's own limit. */
const CLAIM_MARGIN_MS = 30_000;
/** So many failures in a row before anybody is troubled, where there was never an answer. */
const PATIENT_FAILURES = 3;
const LEAST_STALE_MS = 72 * HOUR_MS;

/**
 * Whether it is time to ask. A due time that lies further ahead than any that is set was set by a clock that went wrong. An address that is
 * another now is asked for at once, but not again and again while nodes disagree about it.
 */
export function isDue(log: FeedLog | null, url: string, everyHours: number, nowMs: number): boolean {
  if (log === null) return true;
  if (isClaimed(log, nowMs)) return false;
  if (log.url !== url) return Math.abs(nowMs - Date.parse(log.triedAt)) >= RETRY_MS;
  const leftMs = Date.parse(log.dueAt) - nowMs;
  return leftMs <= 0 || leftMs > everyHours * HOUR_MS * (1 + JITTER);
}

/** Another process asks just now. */
export function isClaimed({ claimedUntil }: FeedLog, nowMs: number): boolean {
  if (claimedUntil === null) return false;
  const leftMs = Date.parse(claimedUntil) - nowMs;
  return leftMs > 0 && leftMs <= MINUTE_MS + CLAIM_MARGIN_MS;
}

export function claimEnd(timeoutMs: number, nowMs: number): string {
  return new Date(nowMs + timeoutMs + CLAIM_MARGIN_MS).toISOString();
}

/** `random`: 0 to 1. */
export function nextDue(everyHours: number, failures: number, nowMs: number, random = Math.random()): string {
  const retryMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** Math.min(failures - 1, 10));
  const ms = failures === 0 ? everyHours * HOUR_MS : Math.min(everyHours * HOUR_MS, retryMs);
  return new Date(nowMs + ms * (1 - JITTER + 2 * JITTER * random)).toISOString();
}

/** True: for so long nobody has answered that "You are up to date!" can't be said any more. */
export function isStale({ takenAt, failures }: FeedLog, everyHours: number, nowMs: number): boolean {
  if (takenAt === null) return failures >= PATIENT_FAILURES;
  return failures > 0 && nowMs - Date.parse(takenAt) > Math.max(LEAST_STALE_MS, 3 * everyHours * HOUR_MS);
}
