import type { Check, CheckGroup } from "../core/check.js";
import { messageOf } from "../core/errors.js";
import { brokenCheck, checksOfAnswer, type HostCheck } from "../core/host-check.js";
import { say } from "../core/say.js";
import { connectHost } from "../store/connect.js";
import { driverMessage } from "../store/driver-errors.js";
import { isTooSlow, withinLimit } from "./attempt.js";
import type { UpgradeContext } from "./context.js";

/** How long a vendor's check may take, ms. */
const LIMIT_MS = 10_000;

/** Where a check of the vendor's is shown that names no group. */
const HOST_GROUP = say("Application");

/** The vendor's own checks, all at once, in the order of the option. Never rejects. */
export async function readHostChecks(context: UpgradeContext, limitMs = LIMIT_MS): Promise<Check[]> {
  return (await runAll(context, limitMs)).flatMap(({ checks }) => checks);
}

/** The same by their groups, in the order in which the option first names each. */
export async function readHostGroups(context: UpgradeContext, limitMs = LIMIT_MS): Promise<CheckGroup[]> {
  return withHostGroups([], await runAll(context, limitMs));
}

/** Groups of the same title become one. */
export function withHostGroups(own: readonly CheckGroup[], hosts: readonly CheckGroup[]): CheckGroup[] {
  const titles = new Map<string, Check[]>();
  for (const { title, checks } of [...own, ...hosts]) titles.set(title, [...(titles.get(title) ?? []), ...checks]);
  return [...titles].map(([title, checks]) => ({ title, checks }));
}

function runAll({ settings, store }: UpgradeContext, limitMs: number): Promise<CheckGroup[]> {
  return Promise.all(
    settings.options.checks.map(async (check) => ({
      title: check.group ?? HOST_GROUP,
      checks: await runHostCheck(check, store.source, limitMs),
    })),
  );
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
