// A process of its own: serves the variants that it is told, each on a free port of the loopback, and tells its CPU time.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { answerVerbs } from "./child-verbs.js";
import { makeListener } from "./listeners.js";
import type { Site } from "./site.js";
import { VARIANTS, type VariantName } from "./variants.js";

/** Connections rest between their slices; no server may close them then. */
const KEEP_ALIVE_MS = 120_000;

function listen(listener: RequestListener): Promise<number> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener);
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

const [names, site] = process.argv.slice(2).map((text) => JSON.parse(text) as unknown) as [VariantName[], Site];
const listening = Promise.all(names.map(async (name) => listen(await makeListener(VARIANTS[name], site))));

answerVerbs({
  listen: async () => ({ ports: await listening }),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return { cpuUs: user + system };
  },
});
