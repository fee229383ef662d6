import assert from "node:assert/strict";
import type { Vendor } from "./vendor.js";
import { until } from "./wait.js";

interface FirstRelease {
  /** Starts the application; prints its address. */
  readonly script: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Default: the configuration that `upgate up` finds by itself. */
  readonly config?: string;
}

/** The README's example from the first visitor to the open site: what a vendor sees after `npm install upgate`. */
export async function installsFirstRelease(vendor: Vendor, { script, env = {}, config }: FirstRelease): Promise<void> {
  const server = await vendor.start(script, env);
  let exitCode: number | null;
  try {
    await closed(server.base);
    await vendor.run("npx", ["upgate", "up", "--yes", ...(config === undefined ? [] : ["--config", config])], env);
    await opens(server.base);
  } finally {
    exitCode = await server.stop();
  }
  assert.equal(exitCode, 0);
}

async function closed(base: string): Promise<void> {
  const { status, headers } = await fetch(base);
  assert.equal(status, 503);
  assert.equal(headers.get("upgate-maintenance"), "Err2");
  assert.equal((await fetch(`${base}/install`)).status, 200);
}

async function opens(base: string): Promise<void> {
  const answer = await until("the open site", async () => {
    const given = await fetch(base);
    return given.status === 503 ? null : given;
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), ["installed"]);
  assert.equal((await fetch(`${base}/install`)).status, 404);
}
