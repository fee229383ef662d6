import { isUpgateError, UpgateError } from "../core/errors.js";
import { driverMessage } from "../store/driver-errors.js";

/** What the driver throws as `ERR_UPGATE_DATABASE`; upgate's own errors pass. */
export async function orDatabaseError<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    if (isUpgateError(cause)) throw cause;
    throw new UpgateError("ERR_UPGATE_DATABASE", `The database can't be used: ${driverMessage(cause)}`, { cause });
  }
}
