import { type DriverFacts, factsOf, isConnectionLost, isDeadlock, isLockWaitTimeout, isReadOnlyServer } from "../store/driver-errors.js";
import { FAILURE_RULES, type FailureAdvice, type FailureRule } from "./failure-rules.js";

const CONNECTION_LOST: FailureAdvice = {
  message: "The connection to the database server was lost, or could not be made.",
  remedy: "Check that the database server runs and can be reached, then press Retry.",
};
/** knex can't tell why; a statement outside of its transaction waits in the same way. */
const NO_CONNECTION: FailureAdvice = {
  message: "No connection to the database was to be had in time.",
  remedy: "Check that the database server runs and can be reached, then press Retry. If it happens again, send the report to the vendor.",
};
const READ_ONLY: FailureAdvice = {
  message: "The database server takes no changes: it is read-only, as a replica or a server after a failover is.",
  remedy: "Let the configuration name the server that takes writes, or ask your host to make this one writable, then press Retry.",
};
const DEADLOCK: FailureAdvice = {
  message: "Another program kept changing the same rows at the same time, also when it was tried again.",
  remedy: "Stop other programs that use this database (jobs, cron scripts, imports), then press Retry.",
};
const LOCK_WAIT: FailureAdvice = {
  message: "Another program held a lock on the same rows or tables for too long.",
  remedy: "Stop other programs that use this database (jobs, backups, an open transaction in a database tool), then press Retry.",
};

/** Causes of causes are looked at to this depth. */
const MOST_CAUSES = 5;

/**
 * What a database driver's error means, in one sentence for a layman, and what to do about it. The driver's own text, which names
 * tables and values, is not repeated. Knows mysql2, better-sqlite3, libsql and sqlite3; looks into `cause`, too. Null: nothing is
 * known about it.
 */
export function adviseOnFailure(error: unknown): FailureAdvice | null {
  let cause = error;
  for (let depth = 0; depth < MOST_CAUSES && typeof cause === "object" && cause !== null; depth++) {
    const advice = adviceOn(cause);
    if (advice) return advice;
    cause = (cause as { readonly cause?: unknown }).cause;
  }
  return null;
}

function adviceOn(error: object): FailureAdvice | null {
  const facts = factsOf(error);
  // A request that a migration sends elsewhere fails with the same codes.
  if (isConnectionLost(error) && (facts.fatal || facts.errno > 0)) return CONNECTION_LOST;
  if ((error as { readonly name?: unknown }).name === "KnexTimeoutError" && /acquiring a connection/.test(facts.message))
    return NO_CONNECTION;
  if (isReadOnlyServer(error)) return READ_ONLY;
  if (isDeadlock(error)) return DEADLOCK;
  if (isLockWaitTimeout(error)) return LOCK_WAIT;
  const isDrivers = facts.errno > 0 || facts.code.startsWith("SQLITE");
  const rule = isDrivers ? FAILURE_RULES.find((one) => fits(one, facts)) : undefined;
  return rule ? { message: rule.message, remedy: rule.remedy } : null;
}

function fits({ errnos = [], codes, text }: FailureRule, { errno, code, message }: DriverFacts): boolean {
  if (errnos.includes(errno)) return true;
  return (codes !== undefined || text !== undefined) && (codes?.test(code) ?? true) && (text?.test(message) ?? true);
}
