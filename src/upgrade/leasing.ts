import { setTimeout as pause } from "node:timers/promises";
import { UpgateError } from "../core/errors.js";
import type { Lease } from "../core/run.js";
import { readFact, replaceFact } from "../store/facts.js";
import { readLease, takeLease } from "../store/lease.js";
import type { Store } from "../store/store.js";
import { ensureLeaseRow, whileBusy } from "../store/tables.js";
import { isProcessAlive, processIdentity } from "./process-identity.js";
import type { UpgradeContext } from "./context.js";
import type { ReadState } from "./state-reader.js";

/** Takes a lease that is free or abandoned. Throws `ERR_UPGATE_LEASE_HELD`, saying who holds it, when it is neither. */
export async function takeFreeLease({ store, settings }: UpgradeContext, { snapshot, leaseAlive }: ReadState): Promise<Lease> {
  let seen = snapshot.lease ?? (await readNewLease(store));
  if (!seen || leaseAlive) throw await leaseHeld(store, seen);
  // Of a process that can't be looked at only its silence is known.
  if (seen.holder && !isDead(seen)) await assertOwnWritesPass(store, settings.options.leaseTtlMs);
  for (let tries = 1; ; tries++) {
    const lease: Lease = seen;
    const taken = await whileBusy(() => takeLease(store.knex, lease, processIdentity(), store.clock.timestamp()));
    if (taken) return taken;
    // A node of a Galera cluster may read what was: a dead holder's last beat, or that it gave the lease back, arrives a moment later.
    const now = await readLease(store.knex);
    if (now?.token !== seen.token || !isFree(now) || tries === MOST_TRIES) throw await leaseHeld(store, null);
    seen = now;
  }
}

const MOST_TRIES = 5;

function isFree(lease: Lease): boolean {
  return lease.holder === null || isDead(lease);
}

/** Its process is known to be gone. */
function isDead({ holder }: Lease): boolean {
  return holder !== null && isProcessAlive(holder) === false;
}

/** The holder beats five times in `leaseTtlMs`; two beats' time is long enough for one that was held up to arrive. */
const SETTLING = 2 / 5;

/**
 * A holder whose beat stands still may be alive where nobody can write: a DDL statement on a Galera cluster holds up every other
 * change, the beat and this process's own. So this one's own write has to go through first; what was held up with it then has
 * time to arrive, and the compare-and-set that follows finds it.
 */
async function assertOwnWritesPass(store: Store, leaseTtlMs: number): Promise<void> {
  const seen = await readFact(store.knex, WRITE_PROBE);
  await whileBusy(() => replaceFact(store.knex, WRITE_PROBE, seen, `${processIdentity().pid} ${store.clock.timestamp()}`));
  await pause(leaseTtlMs * SETTLING);
}

const WRITE_PROBE = "lease-write-probe";

/** The process that created the tables may have died before it wrote the row. */
async function readNewLease({ knex }: Store): Promise<Lease | null> {
  await ensureLeaseRow(knex);
  return readLease(knex);
}

/** What the loser of a race is told: who holds it, and since when. */
export async function leaseHeld(store: Store, lease: Lease | null): Promise<UpgateError> {
  const held = lease?.holder ? lease : await readLease(store.knex);
  if (!held?.holder) return new UpgateError("ERR_UPGATE_LEASE_HELD", "Another process has just started the upgrade.");
  const { host, pid } = held.holder;
  return new UpgateError(
    "ERR_UPGATE_LEASE_HELD",
    `The upgrade is held by ${host} (process ${pid}) since ${held.acquiredAt ?? "a moment ago"}.`,
  );
}
