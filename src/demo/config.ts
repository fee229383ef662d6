import type { UpgateOptions } from "../index.js";

/** The options that the upgrade's own process reads, too. */
export const { default: config } = (await import(new URL("../../upgate.config.mjs", import.meta.url).href)) as { default: UpgateOptions };
