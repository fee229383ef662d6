import { UpgateError } from "../core/errors.js";
import type { Lease } from "../core/run.js";
import { readLease, takeLease } from "../store/lease.js";
import type { Store } from "../store/store.js";
import { ensureLeaseRow, whileBusy } from "../store/tables.js";
import { processIdentity } from "./process-identity.js";
import type { ReadState } from "./state-reader.js";

/** Takes a lease that is free or abandoned. Throws `ERR_UPGATE_LEASE_HELD`, saying who holds it, when it is neither. */
export async function takeFreeLease(store: Store, { snapshot, leaseAlive }: ReadState): Promise<Lease> {
  const seen = snapshot.lease ?? (await readNewLease(store));
  if (!seen || leaseAlive) throw await leaseHeld(store, seen);
  const taken = await whileBusy(() => takeLease(store.knex, seen, processIdentity(), store.clock.timestamp()));
  if (!taken) throw await leaseHeld(store, null);
  return taken;
}

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
