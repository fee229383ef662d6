import { messageOf } from "../core/errors.js";
import type { UpgradeContext } from "../upgrade/context.js";
import type { FeedNews } from "../upgrade/feed/feed-news.js";
import type { FeedWatch } from "../upgrade/feed/feed-watch.js";
import type { Watcher } from "../upgrade/watcher.js";

export interface WatchedFeed {
  /** As last read, from memory; null: nothing yet, or there is no feed. */
  news(): FeedNews | null;
  close(): Promise<void>;
}

/** Where the option is set: loaded beside the start, as whatever only some need. */
export function watchFeed(context: UpgradeContext, watcher: Watcher): WatchedFeed {
  const { feed } = context.settings.options;
  if (feed === null) return { news: () => null, close: async () => undefined };
  let watch: FeedWatch | null = null;
  const started = import("../upgrade/feed/feed-watch.js").then(async ({ FeedWatch: Watch }) => {
    await watcher.ready;
    watch = new Watch({ ...context, feed }, () => watcher.state);
    watch.start();
  });
  started.catch((error: unknown) => context.logger.error(`upgate: the option feed is without effect: ${messageOf(error)}`, error));
  return {
    news: () => watch?.news ?? null,
    async close() {
      await started.catch(() => undefined);
      await watch?.close();
    },
  };
}
