import type { Knex } from "knex";
import { UpgateError } from "../core/errors.js";
import { beatLease } from "../store/lease.js";
import type { LeaseKeeper } from "./lease-keeper.js";

/** Locks the lease's row for the rest of the transaction. Throws `ERR_UPGATE_LEASE_LOST` when it is another's. */
export async function assertFenced(trx: Knex, keeper: LeaseKeeper): Promise<void> {
  keeper.assertHeld();
  if (!(await beatLease(trx, keeper.lease.token)))
    throw new UpgateError("ERR_UPGATE_LEASE_LOST", "Another process has taken over the upgrade.");
}
