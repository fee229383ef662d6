import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Knex } from "knex";
import mysql, { type Connection } from "mysql2/promise";
import type { UpgateOptions } from "../../src/index.js";
import { openContext } from "../../src/upgrade/open-context.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { Upgrader } from "../../src/upgrade/upgrader.js";
import { startMariaDb, type TestServer } from "../../test/support/mariadb.js";
import type { Scratch } from "../scratch.js";
import { Child } from "./child.js";
import { machineMs } from "./machine-clock.js";

const DATABASE = "bench_guard";
const VERSION = "1.0.0";
const silent = (): void => undefined;

/** By the machine's clock, ms. */
interface UpgradeTimes {
  /** The call that started the upgrade. */
  readonly startMs: number;
  /** The migration's beginning, before its first statement. */
  readonly migrationMs: number;
  /** When the COMMIT of the version row was sent: what follows is measured rather too long than too short. */
  readonly commitMs: number;
}

interface UpgradeSteps {
  /** Awaited when all is prepared, right before the start. */
  readonly beforeStart?: () => Promise<unknown>;
  /** Awaited inside the migration: the site is closed. */
  readonly whileClosed?: () => Promise<unknown>;
}

export interface RunningNode {
  readonly child: Child;
  readonly port: number;
}

/** What the migrations' files call: they run in this process. */
const migration = globalThis as typeof globalThis & { upgateBenchMigration?: (knex: Knex) => Promise<unknown> };

/** An application on several processes with a MariaDB of the benchmark's own, and upgrades of it. */
export class Cluster {
  #migrations = 0;
  readonly #nodes: RunningNode[] = [];
  readonly #options: UpgateOptions;

  private constructor(
    private readonly server: TestServer,
    private readonly admin: Connection,
    private readonly folder: string,
    private readonly scratch: Scratch,
    readonly serverVersion: string,
  ) {
    this.#options = {
      version: VERSION,
      database: server.url(DATABASE),
      migrations: path.join(folder, "migrations"),
      dataDir: path.join(folder, "data"),
      installKey: randomUUID(),
    };
  }

  static async start(folder: string, scratch: Scratch): Promise<Cluster> {
    // Started by root, the server runs as another user.
    chmodSync(scratch.folder, 0o711);
    const server = await startMariaDb({ parent: scratch.folder, settings: [], onStart: (child) => scratch.adopt(child) });
    const admin = await mysql.createConnection(server.url(""));
    await admin.query(`CREATE DATABASE ${DATABASE}`);
    const [[found]] = (await admin.query("SELECT version() AS version")) as unknown as [[{ version: string }]];
    mkdirSync(path.join(folder, "migrations", VERSION), { recursive: true });
    const cluster = new Cluster(server, admin, folder, scratch, found.version);
    await cluster.upgrade();
    return cluster;
  }

  /** upgate's own defaults, ms. */
  get timing(): { readonly pollMs: number; readonly nodeTtlMs: number } {
    const { pollMs, nodeTtlMs } = resolveSettings(this.#options).options;
    return { pollMs, nodeTtlMs };
  }

  get nodes(): readonly RunningNode[] {
    return this.#nodes;
  }

  /** Starts what is missing, and waits until all are open. */
  async startNodes(count: number): Promise<void> {
    const { pollMs } = this.timing;
    const missing = Array.from({ length: count - this.#nodes.length }, async () => {
      const child = Child.start("node", [JSON.stringify(this.#options), String(pollMs)], this.scratch);
      const { port } = await child.ask<{ port: number }>("listen");
      await child.told("open", 0);
      return { child, port };
    });
    this.#nodes.push(...(await Promise.all(missing)));
  }

  async stopNodes(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map(({ child }) => child.stop()));
  }

  /** One more migration, applied as the command line does it: by an upgrader without a node, opened for this run. */
  async upgrade({ beforeStart, whileClosed }: UpgradeSteps = {}): Promise<UpgradeTimes> {
    this.#writeMigration();
    const context = openContext(resolveSettings({ ...this.#options, logger: { info: silent, warn: silent, error: console.error } }));
    const times = { startMs: Number.NaN, migrationMs: Number.NaN, commitMs: Number.NaN };
    migration.upgateBenchMigration = async (knex) => {
      times.migrationMs = machineMs();
      await knex.schema.createTable(`step_${this.#migrations}`, (table) => table.increments("id"));
      await whileClosed?.();
    };
    onVersionCommit(context.store.knex, () => (times.commitMs = machineMs()));
    try {
      const upgrader = new Upgrader(context);
      // Loads what the upgrader loads beside its first call, and makes the connection.
      await upgrader.state();
      await beforeStart?.();
      times.startMs = machineMs();
      const { status, error } = await (await upgrader.start({ where: "here" })).finished;
      if (status !== "completed") throw new Error(`the benchmark's own upgrade ended as ${status}: ${error?.message}`);
      return times;
    } finally {
      await context.store.close();
    }
  }

  /** The server's own count of statements that clients have sent, this one included. */
  async countQueries(): Promise<number> {
    const [[row]] = (await this.admin.query("SHOW GLOBAL STATUS LIKE 'Questions'")) as unknown as [[{ Value: string }]];
    return Number(row.Value);
  }

  async stop(): Promise<void> {
    await this.stopNodes();
    await this.admin.end();
    await this.server.stop();
  }

  #writeMigration(): void {
    this.#migrations += 1;
    const name = `${String(this.#migrations).padStart(4, "0")}-step.mjs`;
    const text = "export const up = (knex) => globalThis.upgateBenchMigration(knex);\n";
    writeFileSync(path.join(this.folder, "migrations", VERSION, name), text);
  }
}

interface Query {
  readonly sql: string;
  readonly __knexTxId?: string;
}

function onVersionCommit(knex: Knex, committing: () => void): void {
  let transaction: string | undefined;
  knex.on("query", ({ sql, __knexTxId }: Query) => {
    if (/^(?:insert into|update) `tbl_config`/.test(sql)) transaction = __knexTxId;
    else if (/^commit/i.test(sql) && transaction !== undefined && __knexTxId === transaction) committing();
  });
}
