// A process of its own: serves one variant on a free port of the loopback, and tells its CPU time.
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import express from "express";
import type { Handler } from "../../src/index.js";
import { answerVerbs } from "./child-verbs.js";
import type { Site } from "./site.js";
import { type Variant, VARIANTS, type VariantName } from "./variants.js";

const GREETING = "Hello World";
/** Connections rest between their slices; no server may close them then. */
const KEEP_ALIVE_MS = 120_000;

/** Imports only what the variant needs: a bare server is nothing but bare. */
async function guardOf({ guard }: Variant, site: Site): Promise<Handler | null> {
  switch (guard) {
    case "none":
      return null;
    case "empty":
      return (_req, _res, next) => next();
    case "upgate":
      return (await (await import("./site.js")).openSite(site)).guard();
    case "query":
      return queryingGuard(site);
  }
}

/** What one writes by hand: the version row, read on every request. */
async function queryingGuard(site: Site): Promise<Handler> {
  const { default: knexFactory } = await import("knex");
  const { sqliteClient } = await import("../../src/store/sqlite-driver.js");
  const { databaseFile } = await import("./site.js");
  const knex = knexFactory({
    client: sqliteClient(createRequire(import.meta.url)),
    connection: { filename: databaseFile(site) },
    useNullAsDefault: true,
  });
  return function compareVersions(_req, res, next) {
    knex("tbl_config")
      .where("setting", "version")
      .first("value")
      .then((row: { value: string } | undefined) => {
        if (row?.value === site.version) next();
        else res.writeHead(503).end();
      })
      .catch(next);
  };
}

function listenerOf({ framework }: Variant, guard: Handler | null): RequestListener {
  if (framework === "http") {
    const hello: RequestListener = (_req, res) => void res.end(GREETING);
    return guard ? (req, res) => guard(req, res, () => hello(req, res)) : hello;
  }
  const app = express();
  if (guard) app.use(guard);
  app.get("/", (_req, res) => void res.send(GREETING));
  return app as RequestListener;
}

const [name, site] = process.argv.slice(2) as [VariantName, string];
const variant = VARIANTS[name];
const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listenerOf(variant, await guardOf(variant, JSON.parse(site) as Site)));
const listening = new Promise<number>((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));

answerVerbs({
  listen: async () => ({ port: await listening }),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return { cpuUs: user + system };
  },
});
