import { messageOf } from "../../core/errors.js";
import type { ParsedOptions } from "../../core/options.js";
import type { Logger } from "../../core/ports.js";
import type { MountedRequest } from "../http.js";

/** An `authorize` that has not answered by then has said no, ms. */
const TIMEOUT_MS = 5000;

/** Asks the vendor's `authorize`, if there is one. Whatever is not a plain `true`, in time, is a no; never rejects. */
export async function isAuthorized({ authorize }: Pick<ParsedOptions, "authorize">, req: MountedRequest, logger: Logger): Promise<boolean> {
  if (authorize === null) return true;
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it has not answered for ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS).unref();
  });
  try {
    return (await Promise.race([(async () => authorize(req))(), tooLate])) === true;
  } catch (error) {
    logger.error(`upgate: the wizard stays closed, because the option authorize failed: ${messageOf(error)}`, error);
    return false;
  } finally {
    clearTimeout(timer);
  }
}
