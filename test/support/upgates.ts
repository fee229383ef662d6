import { createUpgate, type Upgate, type UpgateOptions } from "../../src/index.js";

/** Makes an upgate, waits for the first state, and closes it whatever happens. */
export async function withUpgate<T>(options: UpgateOptions, use: (upgate: Upgate) => Promise<T>): Promise<T> {
  const upgate = createUpgate(options);
  try {
    await upgate.ready();
    return await use(upgate);
  } finally {
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
