import { createUpgate, type UpgateOptions } from "../index.js";

/** The same options that the upgrade's own process reads. */
export const { default: config } = (await import(new URL("../../upgate.config.mjs", import.meta.url).href)) as { default: UpgateOptions };

export const upgate = createUpgate(config);
