import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { Knex } from "knex";
import { isUpgateError, messageOf, UpgateError } from "../core/errors.js";
import { BASELINE_RUN } from "../core/adopted-history.js";
import type { HistoryEntry } from "../core/migration.js";
import { codeVersionProblem } from "../core/version.js";
import { connectHost } from "../store/connect.js";
import { releaseLease } from "../store/lease.js";
import { takeOverHistory } from "../store/recorded-history.js";
import { ensureTables, whileBusy } from "../store/tables.js";
import { recordBaseline } from "./baseline.js";
import type { UpgradeContext } from "./context.js";
import { takeFreeLease } from "./leasing.js";
import { type ReadState, StateReader } from "./state-reader.js";

/**
 * A database without a version row whose release can be told, by `detectVersion` or because knex's own history holds every
 * migration of the release: writes the release down. Runs no migration. True when it did; of several nodes, one does.
 */
export async function adopt(context: UpgradeContext, reading: ReadState, stop?: AbortSignal): Promise<boolean> {
  if (!isAdoptable(reading)) return false;
  const version = await tellVersion(context, reading, stop);
  if (version === null || stop?.aborted) return false;
  const { store, logger } = context;
  await ensureTables(store);
  const lease = await takeFreeLease(context, reading).catch((error: unknown) => {
    if (isUpgateError(error, "ERR_UPGATE_LEASE_HELD")) return null;
    throw error;
  });
  if (!lease) return false;
  try {
    // Meanwhile somebody may have written the version row.
    const now = await new StateReader(context).read();
    if (!isAdoptable(now)) return false;
    await recordBaseline(context, now, version);
  } finally {
    await whileBusy(() => releaseLease(store.knex, lease.token));
  }
  logger.info(`upgate: the database is at release ${version}; the version row says so from now on.`);
  return true;
}

function isAdoptable({ state, snapshot }: ReadState): boolean {
  const isFree = snapshot.versionRow.kind === "absent" && !state.run;
  return isFree && (state.kind === "unversioned" || (state.kind === "behind" && state.installedVersion === null));
}

async function tellVersion(context: UpgradeContext, { state, history }: ReadState, stop: AbortSignal | undefined): Promise<string | null> {
  const { detectVersion, version } = context.settings.options;
  const detected = detectVersion ? await detect(context, detectVersion, stop) : null;
  if (detected !== null) return detected;
  return history.origin === "knex" && state.pending.length === 0 ? version : null;
}

async function detect(
  { store, settings }: UpgradeContext,
  detectVersion: (knex: Knex) => Promise<string | null> | string | null,
  stop: AbortSignal | undefined,
): Promise<string | null> {
  const knex = connectHost(store.source);
  try {
    const version: unknown = await orGiveUp(() => detectVersion(knex), settings.options.nodeTtlMs, stop);
    if (version === null || version === undefined) return null;
    const problem = codeVersionProblem(version);
    if (problem !== null) throw new Error(`what it returned ${problem}`);
    return version as string;
  } catch (cause) {
    throw new UpgateError("ERR_UPGATE_DETECT_VERSION", `detectVersion could not tell the release: ${messageOf(cause)}`, { cause });
  } finally {
    // Not waited for: a transaction that the function has left open would keep it from ending.
    knex.destroy().catch(() => undefined);
  }
}

/** A vendor's function that never answers must not hold up what a node does else, nor its closing. Stopped: null. */
async function orGiveUp<T>(ask: () => T, limitMs: number, stop: AbortSignal | undefined): Promise<Awaited<T> | null> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    return await Promise.race([
      ask(),
      pause(limitMs, null, { signal }).then(() => {
        throw new Error(`it has not answered within ${limitMs / 1000} s`);
      }),
      ...(stop ? [once(stop, "abort", { signal }).then(() => null)] : []),
    ]);
  } finally {
    settled.abort();
  }
}

/** Before the first run: writes down what counts as applied so far. The caller holds the lease. */
export async function adoptHistory({ store, settings }: UpgradeContext, { history }: ReadState): Promise<void> {
  if (history.origin === "own") return;
  const { release } = settings;
  const timestamp = store.clock.timestamp();
  const files = new Map((await release.read()).files.map((file) => [file.name, file]));
  const entries: HistoryEntry[] = [];
  for (const entry of history.adopted) {
    const file = files.get(entry.name);
    const times = entry.runId === BASELINE_RUN ? { startedAt: timestamp, finishedAt: timestamp } : {};
    entries.push({ ...entry, ...times, sha256: file ? await release.migrations.checksum(file) : entry.sha256 });
  }
  await whileBusy(() => store.knex.transaction((trx) => takeOverHistory(trx, { entries, origin: history.origin, timestamp })));
}
