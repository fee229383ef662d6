import { orAbsent } from "../../store/driver-errors.js";
import { readFact, replaceFact } from "../../store/facts.js";
import type { Store } from "../../store/store.js";
import { whileBusy } from "../../store/tables.js";

const FACT = "feed-checked";

/** When the vendor was asked, for all nodes: one row in `upgate_fact`. Times are ISO 8601, UTC, of the machine that wrote them. */
export interface FeedLog {
  readonly url: string;
  /** Which document is known, see `KnownFeed`; null: none. */
  readonly revision: string | null;
  /** When the vendor last gave an answer that could be taken. */
  readonly takenAt: string | null;
  readonly triedAt: string;
  /** Why the last try came to nothing, one sentence; null: it did not. */
  readonly error: string | null;
  /** In a row. */
  readonly failures: number;
  readonly dueAt: string;
  /** Somebody is asking, for so long at most; null: nobody is. */
  readonly claimedUntil: string | null;
}

/** `text`: as the row has it, to compare and set. */
export interface FeedLogReading {
  readonly text: string | null;
  readonly log: FeedLog | null;
}

/** Never creates the table. */
export async function readFeedLog({ knex }: Pick<Store, "knex">): Promise<FeedLogReading> {
  const text = await orAbsent(() => readFact(knex, FACT), null);
  return { text, log: parsed(text) };
}

/** False: somebody else has written it meanwhile. */
export function replaceFeedLog({ knex }: Pick<Store, "knex">, seen: string | null, log: FeedLog): Promise<boolean> {
  return whileBusy(() => replaceFact(knex, FACT, seen, textOf(log)));
}

export function textOf(log: FeedLog): string {
  return JSON.stringify(log);
}

/** What nobody of us has written is as good as nothing. */
function parsed(text: string | null): FeedLog | null {
  try {
    const log = JSON.parse(text ?? "null") as FeedLog | null;
    return typeof log?.url === "string" && !Number.isNaN(Date.parse(log.dueAt)) ? log : null;
  } catch {
    return null;
  }
}
