import { messageOf } from "../core/errors.js";
import type { Logger } from "../core/ports.js";
import type { VersionState } from "../core/version-state.js";

/**
 * sysexits.h's EX_TEMPFAIL: "try again". Not 0 and not a signal: systemd's `Restart=on-failure` takes both for a wanted end
 * (systemd.service(5)).
 */
const EXIT_CODE = 75;
/** Requests that are answered still get this long, ms. */
const CLOSE_WITHIN_MS = 10_000;

/** With `restart: "exit"`: ends a process whose files were replaced, so that its manager starts the new ones. */
export function exitWhenReplaced(close: () => Promise<void>, logger: Logger): (state: VersionState) => void {
  let isExiting = false;
  return (state) => {
    if (state.kind !== "restart" || isExiting) return;
    isExiting = true;
    logger.warn(`upgate: ${state.reason} It ends now (exit code ${EXIT_CODE}).`);
    setTimeout(() => process.exit(EXIT_CODE), CLOSE_WITHIN_MS).unref();
    close()
      .catch((error: unknown) => logger.error(`upgate: it could not be closed in order: ${messageOf(error)}`, error))
      .finally(() => process.exit(EXIT_CODE));
  };
}
