import { createHash } from "node:crypto";
import { FeedRefusal } from "../../release/feed-refusal.js";
import { verifyFeed, type VerifiedFeed } from "../../release/feed-document.js";
import { orAbsent } from "../../store/driver-errors.js";
import { readFact, replaceFact } from "../../store/facts.js";
import type { Store } from "../../store/store.js";
import { whileBusy } from "../../store/tables.js";

const FACT = "feed";

/** The document that was taken last: one row in `upgate_fact`. */
interface FeedRow {
  readonly url: string;
  readonly etag: string | null;
  /** As it came: it is proven again whenever it is read, so that a key that was withdrawn counts at once. */
  readonly text: string;
}

export interface KnownFeed extends VerifiedFeed {
  /** Changes with the document. */
  readonly revision: string;
  readonly etag: string | null;
}

/** `stored`: the row's text, to compare and set. `known` null: there is none, or none that these options take. */
export async function readKnownFeed(
  { knex }: Pick<Store, "knex">,
  url: string,
  publicKeys: readonly string[],
): Promise<{ readonly stored: string | null; readonly known: KnownFeed | null }> {
  const stored = await orAbsent(() => readFact(knex, FACT), null);
  const row = parsed(stored);
  if (row === null || row.url !== url) return { stored, known: null };
  try {
    return { stored, known: { ...verifyFeed(row.text, publicKeys), revision: revisionOf(row.text), etag: row.etag } };
  } catch (error) {
    if (error instanceof FeedRefusal) return { stored, known: null };
    throw error;
  }
}

/** False: somebody else has written another one meanwhile. */
export function replaceKnownFeed({ knex }: Pick<Store, "knex">, stored: string | null, row: FeedRow): Promise<boolean> {
  return whileBusy(() => replaceFact(knex, FACT, stored, JSON.stringify(row)));
}

export function revisionOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function parsed(stored: string | null): FeedRow | null {
  try {
    const row = JSON.parse(stored ?? "null") as FeedRow | null;
    return typeof row?.text === "string" ? row : null;
  } catch {
    return null;
  }
}
