import { isConnectionLost, isDeadlock, isLockWaitTimeout, isReadOnlyServer, isBusy } from "../../store/driver-errors.js";

/**
 * Why an attempt to carry the run out can't go on, although another one may. `connection`: it was lost, or the server can't
 * write. `locked`: somebody else's lock; the transaction is rolled back. `undone`: a migration failed in a transaction that
 * held finished ones, which have to be committed first.
 */
export type AttemptEnd = "connection" | "locked" | "undone";

/** Ends an attempt; whatever the migration makes of it, nothing more is sent. Never seen by users. */
export class AttemptOver extends Error {
  constructor(
    readonly reason: AttemptEnd,
    cause: unknown,
  ) {
    super(`The attempt is over: ${reason}.`, { cause });
    this.name = "AttemptOver";
  }
}

/** Null: an error of the statement itself, which the migration gets to see. */
export function attemptEndOf(error: unknown): AttemptEnd | null {
  if (isConnectionLost(error) || isReadOnlyServer(error)) return "connection";
  return isDeadlock(error) || isLockWaitTimeout(error) || isBusy(error) ? "locked" : null;
}
