import type { Check } from "../../core/check.js";
import { attempt } from "../attempt.js";
import type { UpgradeContext } from "../context.js";

/**
 * What the vendor's list says; nothing where the option `feed` is not set, and nothing is loaded for it then. Reads the database, asks nobody.
 */
export async function feedGroups({
  settings,
  store,
}: UpgradeContext): Promise<{ readonly title: string; readonly checks: readonly Check[] }[]> {
  const { feed } = settings.options;
  if (feed === null) return [];
  const [{ supportCheck, updatesCheck }, { feedNewsReader }] = await loadFeedChecks();
  const reading = feedNewsReader({ settings, store, feed }).read();
  reading.catch(() => undefined); // each check tells it for itself
  return [
    {
      title: "Updates",
      checks: await Promise.all([
        attempt("updates", "Updates", async () => updatesCheck(await reading)),
        attempt("support", "Support", async () => supportCheck(await reading, settings.options.version)),
      ]),
    },
  ];
}

/** Beside the start, so that a page does not meet the files of another release. */
export function loadFeedChecks(): Promise<[typeof import("./feed-checks.js"), typeof import("./feed-news.js")]> {
  return Promise.all([import("./feed-checks.js"), import("./feed-news.js")]);
}
