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

/** Ends this process so that its manager starts it anew. */
export interface ExitProcess {
  /** Answers what is under way, deregisters the node; returns at once. */
  inOrder(reason: string): void;
  /** Deregisters nothing: as long as the process lives it may write, so a runner has to see that it is gone. */
  now(reason: string): never;
}

export function exitProcess(close: () => Promise<void>, logger: Logger): ExitProcess {
  let isExiting = false;
  const tell = (reason: string): void => logger.warn(`upgate: ${reason} This process ends now (exit code ${EXIT_CODE}).`);
  return {
    inOrder: (reason) => {
      if (isExiting) return;
      isExiting = true;
      tell(reason);
      setTimeout(() => process.exit(EXIT_CODE), CLOSE_WITHIN_MS).unref();
      close()
        .catch((error: unknown) => logger.error(`upgate: it could not be closed in order: ${messageOf(error)}`, error))
        .finally(() => process.exit(EXIT_CODE));
    },
    now: (reason) => {
      tell(reason);
      process.exit(EXIT_CODE);
    },
  };
}

/** With `restart: "exit"`: ends a process whose files were replaced, so that its manager starts the new ones. */
export function exitWhenReplaced(exit: ExitProcess): (state: VersionState) => void {
  return (state) => {
    if (state.kind === "restart") exit.inOrder(state.reason);
  };
}
