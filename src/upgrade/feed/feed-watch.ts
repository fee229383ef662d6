import { messageOf } from "../../core/errors.js";
import type { Logger } from "../../core/ports.js";
import type { VersionState } from "../../core/version-state.js";
import { driverMessage, isBusy, isMissingTable } from "../../store/driver-errors.js";
import { askFeed, type FeedContext } from "./ask-feed.js";
import { loadFeedChecks } from "./feed-groups.js";
import { type FeedNews, feedNewsReader } from "./feed-news.js";

/** How often a node looks into the database for what any of them has learnt. */
const LOOK_MS = 60_000;
/** While another process asks. */
const SOON_MS = 2000;

/** While one of these is so, the database is left alone, or can't be used. */
const RESTING: ReadonlySet<VersionState["kind"]> = new Set(["unknown", "running", "fresh"]);

/**
 * Keeps what the vendor's list says in memory, for the badge: no request waits for it, and none asks for it. One look a minute into the database;
 * the vendor is asked by one process of all. Timers are unref'd; failures are logged once, and tried again.
 */
export class FeedWatch {
  #news: FeedNews | null = null;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();
  #told = "";

  constructor(
    private readonly context: FeedContext & { readonly logger: Logger },
    private readonly state: () => VersionState,
  ) {
    loadFeedChecks().catch(() => undefined); // told by the page that needs them
  }

  /** Null: nothing was read yet. */
  get news(): FeedNews | null {
    return this.#news;
  }

  start(): void {
    this.#looking = this.#look().then((nextMs) => {
      if (this.#closing.signal.aborted) return;
      this.#timer = setTimeout(() => this.start(), nextMs).unref();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#looking;
  }

  /** When to look again, ms. Never rejects. */
  async #look(): Promise<number> {
    if (RESTING.has(this.state().kind)) return SOON_MS;
    try {
      const asking = await askFeed(this.context, { signal: this.#closing.signal });
      if (this.#closing.signal.aborted) return LOOK_MS;
      this.#news = await feedNewsReader(this.context).read();
      this.#tell(this.#news);
      return asking === "waiting" ? SOON_MS : LOOK_MS;
    } catch (error) {
      // Before the first row nobody has made the tables; a migration holds SQLite's lock as long as it takes.
      if (!isMissingTable(error) && !isBusy(error))
        this.#say("warn", `what is known of new releases can't be read: ${driverMessage(error) || messageOf(error)}`);
      return LOOK_MS;
    }
  }

  #tell({ error, advice }: FeedNews): void {
    if (error !== null) this.#say("warn", `the vendor's list of releases could not be read: ${error}`);
    else if (advice?.update) this.#say("info", `release ${advice.update.version} is available.`);
  }

  /** Says every change once. */
  #say(level: "info" | "warn", text: string): void {
    if (text === this.#told) return;
    this.#told = text;
    this.context.logger[level](`upgate: ${text}`);
  }
}
