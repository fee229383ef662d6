import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createUpgate, type Upgate, type UpgateOptions } from "../../src/index.js";

const INSTALLED_VERSION = "1.0.0";
const NEWER_VERSION = "2.0.0";
const STATE_TIMEOUT_MS = 10_000;

/** A SQLite database with an installed release; files of the same release (`open`) or of a newer one (`closed`). */
export interface Site {
  readonly folder: string;
  readonly version: string;
}

export const databaseFile = (site: Site): string => path.join(site.folder, "site.db");

/** Makes the site and upgrades its database for real. */
export async function makeSite(folder: string, gate: "open" | "closed"): Promise<Site> {
  const installed: Site = { folder, version: INSTALLED_VERSION };
  writeMigration(folder, INSTALLED_VERSION, "0001-create-greeting", `await knex.schema.createTable("greeting", (t) => t.string("text"));`);
  const upgate = createUpgate(optionsOf(installed));
  try {
    await upgate.ready();
    const { status } = await (await upgate.upgrader.start({ where: "here" })).finished;
    if (status !== "completed") throw new Error(`the benchmark's own upgrade ended as ${status}`);
    await untilState(upgate, "current");
  } finally {
    await upgate.close();
  }
  if (gate === "open") return installed;
  writeMigration(folder, NEWER_VERSION, "0001-add-author", `await knex.schema.alterTable("greeting", (t) => t.string("author"));`);
  return { folder, version: NEWER_VERSION };
}

/** The site's upgate, once it has read its state. Throws when that is not what the site was made for. */
export async function openSite(site: Site): Promise<Upgate> {
  const upgate = createUpgate(optionsOf(site));
  await upgate.ready();
  await untilState(upgate, site.version === INSTALLED_VERSION ? "current" : "behind");
  return upgate;
}

function optionsOf({ folder, version }: Site): UpgateOptions {
  const silent = (): void => undefined;
  return {
    version,
    database: `sqlite:${databaseFile({ folder, version })}`,
    migrations: path.join(folder, "migrations"),
    dataDir: path.join(folder, "data"),
    installKey: randomUUID(),
    logger: { info: silent, warn: silent, error: (message) => console.error(message) },
  };
}

async function untilState(upgate: Upgate, kind: string): Promise<void> {
  const deadlineMs = performance.now() + STATE_TIMEOUT_MS;
  while (upgate.state().kind !== kind) {
    if (performance.now() > deadlineMs) throw new Error(`the state is ${upgate.state().kind}, not ${kind}: ${upgate.state().reason}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function writeMigration(folder: string, version: string, name: string, body: string): void {
  const release = path.join(folder, "migrations", version);
  mkdirSync(release, { recursive: true });
  writeFileSync(path.join(release, `${name}.mjs`), `export async function up(knex) {\n  ${body}\n}\n`);
}
