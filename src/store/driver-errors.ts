interface DriverError {
  readonly code?: string;
  readonly errno?: number;
  readonly message?: string;
}

/** MySQL 1146 ER_NO_SUCH_TABLE; SQLite has no code of its own for it. */
export function isMissingTable(error: unknown): boolean {
  const { errno, message } = error as DriverError;
  return errno === 1146 || /no such table/i.test(message ?? "");
}

/** What a read comes to while its table does not exist: readers never create. */
export async function orAbsent<T>(read: () => Promise<T>, absent: T): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isMissingTable(error)) return absent;
    throw error;
  }
}

/** SQLite: another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  const { code, message } = error as DriverError;
  return (code?.startsWith("SQLITE_BUSY") ?? false) || /database is locked/i.test(message ?? "");
}

/** Errors of Node's sockets and name lookup, and mysql2's own. */
const CONNECTION_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR",
  "PROTOCOL_ENQUEUE_AFTER_QUIT",
  "PROTOCOL_SEQUENCE_TIMEOUT",
]);

/**
 * Server: 1053 shutdown, 1077 1079 1152 1184 ended or aborted, 1158 to 1161 network, 1927 killed (MariaDB), 3169 killed,
 * 4031 idle too long (MySQL). Client libraries: 2002, 2003, 2005, 2006, 2013, 2055.
 */
const CONNECTION_ERRNOS = new Set([
  1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2002, 2003, 2005, 2006, 2013, 2055, 3169, 4031,
]);

/** Of an error of the driver: the connection ended or could not be made. What became of a statement under way is not known. */
export function isConnectionLost(error: unknown): boolean {
  const { code, errno, message } = factsOf(error);
  return CONNECTION_CODES.has(code) || CONNECTION_ERRNOS.has(errno) || /connection is in closed state|Connection lost:/i.test(message);
}

/** MySQL 1213, on a Galera cluster also for a change that another node was faster with: the transaction is rolled back. */
export function isDeadlock(error: unknown): boolean {
  return factsOf(error).errno === 1213;
}

/** MySQL 1205: the statement is rolled back, the transaction only with `innodb_rollback_on_timeout`. */
export function isLockWaitTimeout(error: unknown): boolean {
  return factsOf(error).errno === 1205;
}

/**
 * The server takes no changes, as a replica after a failover: MySQL 1290 where it names `read_only` (other options have it,
 * too), 1792, 1836, 1874.
 */
export function isReadOnlyServer(error: unknown): boolean {
  const { errno, message } = factsOf(error);
  return errno === 1792 || errno === 1836 || errno === 1874 || (errno === 1290 && /read[-_ ]only/i.test(message));
}

export interface DriverFacts {
  /** Of the driver or of Node: `ER_DUP_ENTRY`, `SQLITE_BUSY`, `ECONNRESET`; empty where there is none. */
  readonly code: string;
  /** The server's number; 0 for everything but MySQL and MariaDB, whose numbers those of SQLite would be taken for. */
  readonly errno: number;
  /** Without the statement. */
  readonly message: string;
  /** mysql2's mark of an error after which the connection is of no use. */
  readonly fatal: boolean;
}

/** What any thrown value tells, without a guess. */
export function factsOf(error: unknown): DriverFacts {
  if (typeof error !== "object" || error === null) return { code: "", errno: 0, message: "", fatal: false };
  const { code, errno, fatal } = error as Readonly<Record<string, unknown>>;
  const message = driverMessage(error);
  // libsql gives no code to this one.
  const own = message.startsWith('ConnectionFailed("Unable to open connection') ? "SQLITE_CANTOPEN" : "";
  const text = typeof code === "string" && code !== "" ? code : own;
  const isServers = typeof errno === "number" && errno > 0 && !text.startsWith("SQLITE");
  return { code: text, errno: isServers ? errno : 0, message, fatal: fatal === true };
}

/** What goes through when the transaction runs again: MySQL's deadlock (1213) and lock wait timeout (1205), a busy SQLite. */
export function isLockConflict(error: unknown): boolean {
  return isDeadlock(error) || isLockWaitTimeout(error) || isBusy(error);
}

/** MySQL 1062, 1586; SQLite's unique and primary key constraints. */
export function isDuplicate(error: unknown): boolean {
  const { code, errno, message } = error as DriverError;
  return (
    errno === 1062 || errno === 1586 || (code?.startsWith("SQLITE_CONSTRAINT") ?? false) || /UNIQUE constraint failed/i.test(message ?? "")
  );
}

/** One line for people: the driver's message without the statement that knex puts before it. */
export function driverMessage(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(driverMessage).join("; ");
  const { sqlMessage, message, code } = error as DriverError & { readonly sqlMessage?: string };
  const text = sqlMessage || message || "";
  const dash = sqlMessage ? -1 : text.lastIndexOf(" - ");
  return (
    (dash >= 0 && /^(?:insert|update|delete|select|create|alter|drop|pragma|with|\/\*)/i.test(text) ? text.slice(dash + 3) : text) ||
    code ||
    String(error)
  );
}
