// A process of its own: a hello-world of Express behind the guard, on the database given. Tells when its gate opens and closes.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import express from "express";
import { createUpgate, type UpgateOptions } from "../../src/index.js";
import { answerVerbs, tell } from "./child-verbs.js";
import { machineMs } from "./machine-clock.js";

/** Waiting visitors keep their connections. */
const KEEP_ALIVE_MS = 600_000;

const [options, pollMs] = process.argv.slice(2) as [string, string];
const silent = (): void => undefined;

// Nodes that are started together would poll together; those of a cluster don't.
await pause(Math.random() * Number(pollMs));
const upgate = createUpgate({
  ...(JSON.parse(options) as UpgateOptions),
  logger: { info: silent, warn: silent, error: (message) => console.error(message) },
});
upgate.onOpen(() => tell("open", machineMs()));
upgate.onClose(() => tell("closed", machineMs()));

const app = express();
app.use(upgate.guard());
app.get("/", (_req, res) => void res.send("Hello World"));
const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app as RequestListener);
const listening = new Promise<number>((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));

answerVerbs({ listen: async () => ({ port: await listening }) }, async () => {
  server.close();
  server.closeAllConnections();
  await upgate.close();
});
