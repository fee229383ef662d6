import { createRequire } from "node:module";
import type { ParsedFeedOptions } from "../../core/admin-options.js";
import type { Feed } from "../../core/feed.js";
import { verifyFeed } from "../../release/feed-document.js";
import { fetchFeed } from "../../release/feed-fetch.js";
import { FeedRefusal } from "../../release/feed-refusal.js";
import type { UpgradeContext } from "../context.js";
import { type FeedLog, readFeedLog, replaceFeedLog, textOf } from "./feed-log.js";
import { claimEnd, isClaimed, isDue, nextDue } from "./feed-times.js";
import { type KnownFeed, readKnownFeed, replaceKnownFeed, revisionOf } from "./known-feed.js";

const { version: agentVersion } = createRequire(import.meta.url)("../../../package.json") as { version: string };
/** A feed may be so much younger than this machine's clock says, ms. */
const FUTURE_MS = 24 * 60 * 60 * 1000;

/** `asked`: the vendor, by this process; `waiting`: another process asks just now; `known`: it is not time yet. */
export type Asking = "asked" | "waiting" | "known";

/** Without it there is nothing to ask. */
export type FeedContext = Pick<UpgradeContext, "settings" | "store"> & { readonly feed: ParsedFeedOptions };

/**
 * Asks the vendor when it is time: of all processes one. What became of it is in the log. With `now` it asks whatever the time. Rejects only
 * when the database can't be read or written.
 */
export async function askFeed(
  context: FeedContext,
  { now = false, signal }: { now?: boolean; signal?: AbortSignal } = {},
): Promise<Asking> {
  const { store, feed } = context;
  const nowMs = Date.parse(store.clock.timestamp());
  const { text, log } = await readFeedLog(store);
  if (!now && !isDue(log, feed.url, feed.everyHours, nowMs)) return log !== null && isClaimed(log, nowMs) ? "waiting" : "known";
  const before = log?.url === feed.url ? log : null;
  const claim: FeedLog = {
    url: feed.url,
    revision: before?.revision ?? null,
    takenAt: before?.takenAt ?? null,
    triedAt: new Date(nowMs).toISOString(),
    error: before?.error ?? null,
    failures: before?.failures ?? 0,
    dueAt: nextDue(feed.everyHours, 1, nowMs),
    claimedUntil: claimEnd(feed.timeoutMs, nowMs),
  };
  if (!(await replaceFeedLog(store, text, claim))) return "waiting";
  const result = await tryFeed(context, signal);
  // Who is told to end has learnt nothing: the claim runs out by itself.
  if (signal?.aborted) return "waiting";
  await replaceFeedLog(store, textOf(claim), { ...claim, ...loggedResult(claim, result, context) });
  return "asked";
}

type Result = { readonly revision: string } | { readonly error: string };

function loggedResult(claim: FeedLog, result: Result, { store, feed }: FeedContext): Partial<FeedLog> {
  const now = store.clock.timestamp();
  const failures = "error" in result ? claim.failures + 1 : 0;
  const next = { failures, triedAt: now, dueAt: nextDue(feed.everyHours, failures, Date.parse(now)), claimedUntil: null };
  return "error" in result ? { ...next, error: result.error } : { ...next, error: null, revision: result.revision, takenAt: now };
}

async function tryFeed(context: FeedContext, signal: AbortSignal | undefined): Promise<Result> {
  const { store, settings, feed } = context;
  const { url, timeoutMs } = feed;
  const { publicKeys } = settings.options;
  const { stored, known } = await readKnownFeed(store, url, publicKeys);
  try {
    const answer = await fetchFeed({ url, timeoutMs, etag: known?.etag ?? null, agentVersion, signal });
    if (answer.kind === "unchanged") return { revision: known?.revision ?? "" };
    const { text, etag } = answer;
    refuseWrongFeed(verifyFeed(text, publicKeys).feed, known, feed, Date.parse(store.clock.timestamp()));
    // What another process has taken meanwhile came later than this one.
    await replaceKnownFeed(store, stored, { url, etag, text });
    return { revision: revisionOf(text) };
  } catch (error) {
    if (error instanceof FeedRefusal) return { error: error.message };
    throw error;
  }
}

function refuseWrongFeed({ issuedAt, product }: Feed, known: KnownFeed | null, options: ParsedFeedOptions, nowMs: number): void {
  if (options.product !== null && product !== options.product)
    throw new FeedRefusal(`It is the list of another product: ${product.slice(0, 60)}`);
  if (Date.parse(issuedAt) > nowMs + FUTURE_MS)
    throw new FeedRefusal(`It was issued at ${issuedAt}, which is in the future: one of the two clocks is wrong.`);
  if (known !== null && Date.parse(issuedAt) < Date.parse(known.feed.issuedAt))
    throw new FeedRefusal(`It is older than the one that is known: issued at ${issuedAt}, not ${known.feed.issuedAt}.`);
}
