import type { Check } from "../core/check.js";
import type { LockHolder, TableLockHolder } from "../store/lock-holders.js";

/** What is younger is everyday work, s. */
export const OLD_LOCK_SECONDS = 10;

const MOST_SHOWN = 5;

/** `holders`: of transactions, the oldest first. */
export function transactionsCheck(holders: readonly LockHolder[]): Check {
  const common = { id: "long-transactions", title: "Long transactions" };
  if (holders.length === 0)
    return { ...common, severity: "ok", message: `None is open for more than ${OLD_LOCK_SECONDS} s.`, remedy: null };
  return {
    ...common,
    severity: "warning",
    message: `An ALTER would wait for ${listOf(holders, describe)}.`,
    remedy: endRemedy(holders),
  };
}

/** `holders` null: the server can't tell them. `waits`: how many connections wait for such a lock just now. */
export function tableLocksCheck(holders: readonly TableLockHolder[] | null, waits: number): Check {
  const common = { id: "metadata-locks", title: "Locked tables" };
  const waiting = waits === 0 ? "" : waits === 1 ? " One connection waits for a lock now." : ` ${waits} connections wait for a lock now.`;
  if (holders === null) {
    const remedy = "MariaDB: INSTALL SONAME 'metadata_lock_info'. MySQL: turn on the performance schema.";
    const message = `The server can't tell who holds a table's lock.${waiting || " No connection waits for one."}`;
    return { ...common, severity: waits === 0 ? "info" : "warning", message, remedy };
  }
  if (holders.length === 0)
    return { ...common, severity: "ok", message: `No table has been locked for more than ${OLD_LOCK_SECONDS} s.${waiting}`, remedy: null };
  return {
    ...common,
    severity: "warning",
    message: `An ALTER would wait for ${listOf(holders, (one) => `${describe(one)} (${tablesOf(one)})`)}.${waiting}`,
    remedy: endRemedy(holders),
  };
}

/** `connection 42 of app@10.0.0.7:51344, 35 s`. */
function describe({ connection, user, host, ageSeconds }: LockHolder): string {
  const age = `${ageSeconds} s`;
  if (connection === 0) return `a prepared XA transaction without a connection, ${age}`;
  return user === null ? `connection ${connection}, ${age}` : `connection ${connection} of ${user}@${host ?? ""}, ${age}`;
}

function tablesOf({ tables }: TableLockHolder): string {
  const more = tables.length - MOST_SHOWN;
  return `${tables.slice(0, MOST_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function listOf<T>(holders: readonly T[], text: (holder: T) => string): string {
  const more = holders.length - MOST_SHOWN;
  return `${holders.slice(0, MOST_SHOWN).map(text).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

function endRemedy(holders: readonly LockHolder[]): string {
  const kills = holders.filter(({ connection }) => connection !== 0).map(({ connection }) => `KILL ${connection}`);
  if (kills.length < holders.length)
    return "Wait until they have ended. A prepared XA transaction shows in XA RECOVER, and ends by XA COMMIT or XA ROLLBACK.";
  return `Wait until they have ended, or find out what they do; as a last resort an administrator ends them: ${kills.slice(0, MOST_SHOWN).join("; ")}.`;
}
