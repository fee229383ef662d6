import type { Check } from "../core/check.js";
import { messageOf } from "../core/errors.js";
import { brokenCheck, checksOfAnswer, type HostCheck } from "../core/host-check.js";
import { connectHost } from "../store/connect.js";
import { driverMessage } from "../store/driver-errors.js";
import { isTooSlow, withinLimit } from "./attempt.js";
import type { UpgradeContext } from "./context.js";

/** How long a vendor's check may take, ms. */
const LIMIT_MS = 10_000;

/** The vendor's own checks, all at once, in the order of the option. Never rejects. */
export async function readHostChecks({ settings, store }: UpgradeContext, limitMs = LIMIT_MS): Promise<Check[]> {
  const { checks } = settings.options;
  const found = await Promise.all(checks.map((check) => runHostCheck(check, store.source, limitMs)));
  return found.flat();
}

async function runHostCheck(check: HostCheck, source: UpgradeContext["store"]["source"], limitMs: number): Promise<Check[]> {
  const over = new AbortController();
  const knex = connectHost(source);
  try {
    const answer: unknown = await withinLimit(async () => check.run({ knex, signal: over.signal }), limitMs);
    return checksOfAnswer(check, answer);
  } catch (error) {
    if (isTooSlow(error)) return [brokenCheck(check, `It has not answered within ${limitMs / 1000} s.`)];
    return [brokenCheck(check, `It has failed: ${driverMessage(error) || messageOf(error)}`)];
  } finally {
    over.abort();
    // Not waited for: a transaction that the check has left open would keep it from ending.
    knex.destroy().catch(() => undefined);
  }
}
