import type { RequestListener } from "node:http";
import { createRequire } from "node:module";
import express from "express";
import type { Handler } from "../../src/index.js";
import type { Site } from "./site.js";
import type { Variant } from "./variants.js";

const GREETING = "Hello World";

/** The variant's application. */
export async function makeListener(variant: Variant, site: Site): Promise<RequestListener> {
  return listenerOf(variant, await guardOf(variant, site));
}

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
