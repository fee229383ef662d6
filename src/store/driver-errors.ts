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

/** What goes through when the transaction runs again: MySQL's deadlock (1213) and lock wait timeout (1205), a busy SQLite. */
export function isLockConflict(error: unknown): boolean {
  const { errno } = error as DriverError;
  return errno === 1213 || errno === 1205 || isBusy(error);
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
