import { createUpgate, type UpgateOptions } from "../index.js";
import { seedBaseline } from "./seed.js";

/** The release that a fresh checkout pretends to have been running so far. */
const BASELINE = "8.5.0";

const quiet = { info: () => undefined, warn: () => undefined, error: console.error };

/**
 * Lays down the database as release 8.5.0 left it, with some thousand rows of made-up data, if the database is empty. Uses
 * upgate itself, as that release would have done. Returns whether it did.
 */
export async function layDownBaseline(config: UpgateOptions): Promise<boolean> {
  const old = createUpgate({ ...config, version: BASELINE, logger: quiet, installKey: "laying-down-the-baseline" });
  try {
    await old.ready();
    const { kind, reason } = old.state();
    if (kind === "unknown") throw new Error(reason);
    if (kind !== "fresh") return false;
    const run = await old.upgrader.start({ where: "here" });
    const { status, error } = await run.finished;
    if (status !== "completed") throw new Error(error?.message ?? `The baseline could not be laid down: ${status}.`);
    await old.whenOpen();
    await seedBaseline(old.knex);
    return true;
  } finally {
    await old.close();
  }
}
