import { isUpgateError, UpgateError } from "../core/errors.js";
import { driverMessage, isBusy } from "../store/driver-errors.js";

/** What the driver throws as `ERR_UPGATE_DATABASE`; upgate's own errors pass. */
export async function orDatabaseError<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    if (isUpgateError(cause)) throw cause;
    if (isBusy(cause)) {
      const remedy = "Wait until the migration has finished, then try again.";
      throw new UpgateError("ERR_UPGATE_DATABASE", "The database is locked: a migration is writing to it.", { cause, remedy });
    }
    throw new UpgateError("ERR_UPGATE_DATABASE", `The database can't be used: ${driverMessage(cause)}`, { cause });
  }
}
