import type { Knex } from "knex";
import { createUpgate, type Upgate, type UpgateOptions } from "../../src/index.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { connectHost } from "../../src/store/connect.js";

/**
 * Makes an upgate, waits for the first state, and closes it whatever happens. Its `knex` is the test's own, to look into the database
 * also while the gate is closed; `gatedKnex` is the host's.
 */
export async function withUpgate<T>(options: UpgateOptions, use: (upgate: Upgate & { gatedKnex: Knex }) => Promise<T>): Promise<T> {
  const upgate = createUpgate(options);
  let own: Knex | undefined;
  const tested = Object.defineProperties({} as Upgate & { gatedKnex: Knex }, {
    ...Object.getOwnPropertyDescriptors(upgate),
    knex: { get: () => (own ??= connectHost(resolveSettings(options).database)) },
    gatedKnex: { get: () => upgate.knex },
  });
  try {
    await upgate.ready();
    return await use(tested);
  } finally {
    await (own as Knex | undefined)?.destroy();
    await upgate.close();
  }
}

/** Brings an empty database to a release, inside this process. */
export async function install(options: UpgateOptions, version: string): Promise<void> {
  const { configFile: _runner, ...here } = options;
  await withUpgate({ ...here, version }, async (upgate) => {
    const run = await upgate.upgrader.start({ where: "here" });
    const { status, error } = await run.finished;
    if (status !== "completed") throw new Error(`The installation of ${version} ended as ${status}: ${error?.message}`);
  });
}
