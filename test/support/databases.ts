import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import mysql from "mysql2/promise";
import { startMariaDb, type TestServer } from "./mariadb.js";

/** An empty database for one test. */
export interface TestDatabase {
  /** For the option `database`. */
  readonly address: string;
  drop(): Promise<void>;
}

/** A kind of database that the tests run on. */
export interface DatabaseKind {
  readonly name: "SQLite" | "MariaDB" | "MySQL";
  create(): Promise<TestDatabase>;
  stop(): Promise<void>;
}

/**
 * SQLite, a MariaDB of the tests' own, and where `UPGATE_TEST_MYSQL_URL` names a server (`mysql://root@127.0.0.1:33909/`)
 * that MySQL, too.
 */
export async function databaseKinds(): Promise<DatabaseKind[]> {
  const mysqlUrl = process.env["UPGATE_TEST_MYSQL_URL"];
  return [sqliteKind(), serverKind("MariaDB", await startMariaDb()), ...(mysqlUrl ? [serverKind("MySQL", existingServer(mysqlUrl))] : [])];
}

function sqliteKind(): DatabaseKind {
  const home = mkdtempSync(path.join(os.tmpdir(), "upgate-sqlite-"));
  let count = 0;
  return {
    name: "SQLite",
    create: async () => ({ address: `sqlite:${path.join(home, `${++count}.db`)}`, drop: async () => undefined }),
    stop: async () => rmSync(home, { recursive: true, force: true }),
  };
}

function serverKind(name: "MariaDB" | "MySQL", server: Pick<TestServer, "url" | "stop">): DatabaseKind {
  let count = 0;
  return {
    name,
    create: async () => {
      const database = `upgate_test_${process.pid}_${++count}`;
      const run = async (sql: string): Promise<void> => {
        const connection = await mysql.createConnection(server.url("mysql"));
        await connection.query(sql);
        await connection.end();
      };
      await run(`CREATE DATABASE ${database}`);
      return { address: server.url(database), drop: () => run(`DROP DATABASE ${database}`) };
    },
    stop: () => server.stop(),
  };
}

function existingServer(url: string): Pick<TestServer, "url" | "stop"> {
  return { url: (database) => new URL(`/${database}`, url).href, stop: async () => undefined };
}
