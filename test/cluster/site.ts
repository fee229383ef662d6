import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import mysql from "mysql2/promise";
import { until } from "../support/wait.js";
import { type Actor, startActor } from "./actor.js";

const CLI = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export const POLL_MS = 500;
export const NODE_TTL_MS = 3000;
/** Longer than a stream under load. */
const DRAIN_TIMEOUT_MS = 5000;
/** How long the migration keeps the schema "in change", s. */
const MIGRATION_S = 4;

const VISITS = `export const up = (knex) => knex.schema.createTable("visits", (t) => { t.increments("id"); t.string("path", 40); });`;
/** Stamped by the database's clock at its first and at its last statement. */
const CHANGE = `export const up = async (knex) => {
  await knex.schema.createTable("stamps", (t) => { t.string("name", 10).primary(); t.double("at_ms", 16, 3); });
  const stamp = (name) => knex("stamps").insert({ name, at_ms: knex.raw("UNIX_TIMESTAMP(NOW(6)) * 1000") });
  await stamp("begin");
  await knex.schema.alterTable("visits", (t) => t.string("agent", 40).notNullable().defaultTo(""));
  await knex.raw("SELECT SLEEP(${MIGRATION_S})");
  await stamp("end");
};`;

export interface RunningNode extends Actor {
  readonly port: number;
  /** By its process's clock, ms: when it was seen open and closed, in order. */
  readonly changes: readonly { readonly told: string; readonly at: number }[];
}

/** An application on several processes, a database, and the upgrade that is about to come. */
export interface Site {
  readonly address: string;
  /** The same on every server. */
  readonly addresses: readonly string[];
  /** `address`: the node's own way to the database. */
  startNode(address?: string): Promise<RunningNode>;
  /** Uploads the new migration and starts `upgate up` with these options. */
  upgrade(...options: string[]): Upgrade;
  query<T>(sql: string): Promise<T[]>;
  /** Of every server, one after the other. */
  queryAll<T>(sql: string): Promise<T[]>;
  close(): Promise<void>;
}

export interface Upgrade {
  readonly child: ChildProcess;
  /** Of the command. */
  readonly exitCode: Promise<number | null>;
  readonly output: () => string;
}

/** The application's database is on the first of the servers, or on all of a cluster's. */
export async function openSite(servers: readonly string[], name: string): Promise<Site> {
  const server = servers[0] as string;
  const folder = mkdtempSync(path.join(os.tmpdir(), "upgate-cluster-"));
  const migrations = path.join(folder, "migrations", "1.0.0");
  mkdirSync(migrations, { recursive: true });
  writeFileSync(path.join(migrations, "0001-visits.mjs"), VISITS);
  const admins = await Promise.all(servers.map((one) => mysql.createConnection(one)));
  const admin = admins[0] as mysql.Connection;
  await admin.query(`DROP DATABASE IF EXISTS ${name}`);
  await admin.query(`CREATE DATABASE ${name}`);
  const address = withDatabase(server, name);
  const options = (database: string) => ({
    version: "1.0.0",
    database,
    migrations: path.join(folder, "migrations"),
    dataDir: path.join(folder, "data"),
    installKey: "a key for the cluster test",
    pollMs: POLL_MS,
    nodeTtlMs: NODE_TTL_MS,
    leaseTtlMs: 2000,
    drainTimeoutMs: DRAIN_TIMEOUT_MS,
  });
  const config = path.join(folder, "upgate.config.mjs");
  writeFileSync(config, `export default ${JSON.stringify(options(address))};\n`);
  const actors: Actor[] = [];
  const up = (...given: string[]): Upgrade => {
    const { NODE_TEST_CONTEXT: _test, ...env } = process.env;
    const child = spawn(process.execPath, [CLI, "up", "--yes", "--config", config, ...given], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    return { child, exitCode: new Promise((resolve) => child.once("close", resolve)), output: () => output };
  };
  const installed = up();
  if ((await installed.exitCode) !== 0) throw new Error(`The installation failed: ${installed.output()}`);
  return {
    address,
    addresses: servers.map((one) => withDatabase(one, name)),
    startNode: async (way = address) => {
      const actor = startActor("node.mjs");
      actors.push(actor);
      const changes: { told: string; at: number }[] = [];
      actor.onTold((change) => changes.push(change));
      const { port } = await actor.ask<{ port: number }>("start", { options: options(way) });
      return Object.assign(Object.create(actor) as Actor, { port, changes });
    },
    upgrade: (...given) => {
      writeFileSync(path.join(migrations, "0002-change.mjs"), CHANGE);
      return up(...given);
    },
    query: async <T>(sql: string) => (await admin.query(sql.replaceAll("$db", name)))[0] as T[],
    queryAll: async <T>(sql: string) => {
      const found: T[] = [];
      for (const one of admins) {
        const [rows] = await one.query(sql.replaceAll("$db", name));
        if (Array.isArray(rows)) found.push(...(rows as T[]));
      }
      return found;
    },
    close: async () => {
      await Promise.all(actors.map((actor) => actor.stop()));
      await admin.query(`DROP DATABASE IF EXISTS ${name}`);
      await Promise.all(admins.map((one) => one.end()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export function isOpen({ changes }: RunningNode): boolean {
  return changes.at(-1)?.told === "open";
}

export async function allOpen(nodes: readonly RunningNode[]): Promise<void> {
  await until("all nodes to open", () => nodes.every(isOpen), 60_000);
}
