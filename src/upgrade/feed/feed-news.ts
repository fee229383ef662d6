import semver from "semver";
import { adviceOf, type DatabaseProduct, type OfferFacts, type UpdateAdvice } from "../../core/feed-offer.js";
import { readServerName } from "../../store/server-name.js";
import type { FeedContext } from "./ask-feed.js";
import { type FeedLog, readFeedLog } from "./feed-log.js";
import { isStale } from "./feed-times.js";
import { type KnownFeed, readKnownFeed } from "./known-feed.js";

/** What the list of releases says to this site, as it was last read. Times are ISO 8601, UTC. */
export interface FeedNews {
  /** Null: no list is known that these options take. */
  readonly advice: UpdateAdvice | null;
  readonly issuedAt: string | null;
  readonly expiresAt: string | null;
  /** True: the vendor has meant it to be replaced by now. */
  readonly isExpired: boolean;
  /** Whether the vendor's key has signed it. */
  readonly isSigned: boolean;
  readonly takenAt: string | null;
  readonly triedAt: string | null;
  /** Why the last try came to nothing; null: it did not. */
  readonly error: string | null;
  /** True: it has not been answered for so long that nothing can be said. */
  readonly isStale: boolean;
}

/** Reads what the database knows of the feed. The document itself, and what follows from it, is read again only when it has changed. */
export class FeedNewsReader {
  #known: { readonly revision: string | null; readonly feed: KnownFeed | null } | null = null;
  #advice: { readonly key: string; readonly advice: UpdateAdvice } | null = null;

  constructor(private readonly context: FeedContext) {}

  async read(): Promise<FeedNews> {
    const { store, feed: options } = this.context;
    const { log: found } = await readFeedLog(store);
    const log = found?.url === options.url ? found : null;
    const known = await this.#read(log);
    const nowMs = Date.parse(store.clock.timestamp());
    const { issuedAt = null, expiresAt = null } = known?.feed ?? {};
    return {
      advice: known && (await this.#advise(known)),
      issuedAt,
      expiresAt,
      isExpired: expiresAt !== null && Date.parse(expiresAt) < nowMs,
      isSigned: (known?.signedBy ?? null) !== null,
      takenAt: log?.takenAt ?? null,
      triedAt: log?.triedAt ?? null,
      error: log?.error ?? null,
      isStale: log !== null && isStale(log, options.everyHours, nowMs),
    };
  }

  async #read(log: FeedLog | null): Promise<KnownFeed | null> {
    const revision = log?.revision ?? null;
    if (this.#known === null || this.#known.revision !== revision) {
      const { store, settings, feed } = this.context;
      const { known } = revision === null ? { known: null } : await readKnownFeed(store, feed.url, settings.options.publicKeys);
      this.#known = { revision, feed: known };
    }
    return this.#known.feed;
  }

  async #advise({ feed, revision }: KnownFeed): Promise<UpdateAdvice> {
    const facts = await this.#facts();
    const key = JSON.stringify([revision, facts]);
    if (this.#advice?.key !== key) this.#advice = { key, advice: adviceOf(feed, facts) };
    return this.#advice.advice;
  }

  async #facts(): Promise<OfferFacts> {
    const { store, settings, feed } = this.context;
    return {
      codeVersion: settings.options.version,
      channel: feed.channel,
      nodeVersion: process.version.slice(1),
      database: databaseOf(await readServerName(store.knex, store.dialect)),
      today: store.clock.timestamp().slice(0, 10),
    };
  }
}

const readers = new WeakMap<FeedContext["store"], FeedNewsReader>();

/** One for all who read through the same store: the document is read once. */
export function feedNewsReader(context: FeedContext): FeedNewsReader {
  let reader = readers.get(context.store);
  if (!reader) {
    reader = new FeedNewsReader(context);
    readers.set(context.store, reader);
  }
  return reader;
}

function databaseOf(serverName: string): OfferFacts["database"] {
  const [name = "", number = ""] = serverName.split(" ");
  const version = semver.coerce(number)?.version;
  return version === undefined ? null : { product: name.toLowerCase() as DatabaseProduct, version };
}
