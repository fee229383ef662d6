import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import mysql from "mysql2/promise";
import type { Dialect } from "../../src/store/connect.js";
import { startMariaDb } from "../support/mariadb.js";

export type TargetName = "sqlite" | "mariadb" | "mysql" | "galera";
export const TARGET_NAMES: readonly TargetName[] = ["sqlite", "mariadb", "mysql", "galera"];

/** An empty database for one trial. */
export interface TrialDatabase {
  /** Where the process to be killed works. */
  readonly address: string;
  /** Where those after it work: on a cluster, another node. */
  readonly takeoverAddress: string;
  drop(): Promise<void>;
}

/** A cluster's first node, to be killed together with the runner that works on it. */
export interface NodeKiller {
  /** The command that kills it. */
  readonly command: readonly string[];
  /** Brings it back; resolves when it has caught up. */
  revive(): Promise<void>;
}

export interface Target {
  readonly name: TargetName;
  readonly dialect: Dialect;
  readonly nodeKiller: NodeKiller | null;
  create(): Promise<TrialDatabase>;
  stop(): Promise<void>;
}

/** Nothing here outlives its machine: only processes are killed, so that the log need not reach the disk at each commit. */
const CARELESS = ["--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0", "--innodb-flush-method=nosync", "--skip-log-bin"];

/** Linux: files that never reach a disk. Every trial makes and drops some hundred. */
const MEMORY = "/dev/shm";

/** Throws when the environment does not say where MySQL or Galera is. */
export async function openTarget(name: TargetName): Promise<Target> {
  switch (name) {
    case "sqlite":
      return sqliteTarget();
    case "mariadb": {
      const server = await startMariaDb({ settings: CARELESS, ...(existsSync(MEMORY) ? { parent: MEMORY } : {}) });
      return serverTarget(name, [server.url("mysql")], null, () => server.stop());
    }
    case "mysql":
      return serverTarget(name, [required("UPGATE_TEST_MYSQL_URL")], null);
    case "galera":
      return serverTarget(name, required("UPGATE_TEST_GALERA_URLS").split(","), nodeKiller());
  }
}

function required(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: it says where that database is.`);
  return value;
}

function sqliteTarget(): Target {
  const home = mkdtempSync(path.join(os.tmpdir(), "upgate-crash-sqlite-"));
  let count = 0;
  return {
    name: "sqlite",
    dialect: "sqlite",
    nodeKiller: null,
    create: async () => {
      const file = path.join(home, `${++count}.db`);
      const address = `sqlite:${file}`;
      const drop = async (): Promise<void> => ["", "-wal", "-shm"].forEach((suffix) => rmSync(file + suffix, { force: true }));
      return { address, takeoverAddress: address, drop };
    },
    stop: async () => rmSync(home, { recursive: true, force: true }),
  };
}

function serverTarget(
  name: TargetName,
  urls: readonly string[],
  killer: NodeKiller | null,
  stop: () => Promise<void> = async () => undefined,
): Target {
  const [first, second = urls[0]] = urls as [string, string | undefined];
  let count = 0;
  const at = (url: string, database: string): string => new URL(`/${database}`, url).href;
  const run = async (sql: string): Promise<void> => {
    const connection = await mysql.createConnection(at(second as string, ""));
    await connection.query(sql);
    await connection.end();
  };
  return {
    name,
    dialect: "mysql",
    nodeKiller: killer,
    create: async () => {
      const database = `upgate_crash_${process.pid}_${++count}`;
      await run(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
      if (second !== first) await visible(at(first, database));
      const drop = (): Promise<void> => run(`DROP DATABASE ${database}`);
      return { address: at(first, database), takeoverAddress: at(second as string, database), drop };
    },
    stop,
  };
}

/** What one node of a cluster creates, the others apply a moment later. */
async function visible(address: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await (await mysql.createConnection(address)).end();
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function nodeKiller(): NodeKiller | null {
  const tool = process.env["UPGATE_TEST_GALERA_TOOL"];
  if (!tool) return null;
  return { command: [tool, "kill", "1"], revive: async () => void (await promisify(execFile)(tool, ["revive", "1"])) };
}
