import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import mysql, { type Connection } from "mysql2/promise";
import { openBackupDriver } from "../../src/backup/backup-driver.js";
import { BackupFolder } from "../../src/backup/backup-folder.js";
import type { BackupDriver, BackupManifest, BackupTool } from "../../src/core/backup.js";
import { FACTS, filesWith, mysqlKnex, mysqlTarget, pathWith, scratchFolder } from "./backups.js";
import type { TestServer } from "./mariadb.js";

export const SECRET = "hunter2-and-more";
export const MARIADB_PROGRAMS = ["mariadb-dump", "mariadb"];

/** For `sessionSql`. */
export const lockOf = (session: number): string => `SELECT GET_LOCK('upgate-restore${session === 0 ? "" : session}', 0)`;

/** The database `shop`, and the account `keeper` that may do everything. */
export async function fillShop(server: TestServer): Promise<void> {
  const connection = await mysql.createConnection(server.url("mysql"));
  await connection.query("CREATE DATABASE shop");
  await connection.query("USE shop");
  await connection.query("CREATE TABLE aa_first (id INT PRIMARY KEY)");
  await connection.query("CREATE TABLE bulk (id INT PRIMARY KEY, a CHAR(200), b CHAR(64))");
  await connection.query("INSERT INTO bulk SELECT seq, REPEAT(SHA2(seq, 256), 3), SHA2(seq + 1, 256) FROM seq_1_to_80000");
  await connection.query("CREATE TABLE zz_last (id INT PRIMARY KEY)");
  for (const table of ["aa_first", "zz_last"]) await connection.query(`INSERT INTO ${table} VALUES (1), (2)`);
  await connection.query("CREATE USER keeper@'%' IDENTIFIED BY ?", [SECRET]);
  await connection.query("GRANT ALL ON *.* TO keeper@'%'");
  await connection.end();
}

interface SceneOptions {
  readonly tool?: BackupTool;
  /** On the PATH. Default: what the tool needs, and zstd. */
  readonly programs?: readonly string[];
  readonly password?: string;
}

export const programsFor = (tool: BackupTool): string[] => (tool === "dump" ? MARIADB_PROGRAMS : [...MARIADB_PROGRAMS, tool]);

/** The account `keeper` and the database `shop` of a server, folders for its backups, and nothing left in them after the test. */
export function backupScene(t: TestContext, server: TestServer, { tool = "dump", programs, password = SECRET }: SceneOptions = {}) {
  const home = scratchFolder(t, (folder) => {
    assert.deepEqual(filesWith(folder, SECRET), [], "no password is left in any file");
    assert.deepEqual(readdirSync(path.join(folder, "work")), [], "nothing is left in the folder of the moment");
  });
  const workDir = path.join(home, "work");
  const dataDir = path.join(home, "data");
  mkdirSync(workDir, { mode: 0o700 });
  mkdirSync(dataDir);
  const url = server.url("shop").replace("root@", `keeper:${password}@`);
  const knex = mysqlKnex(t, server.url("shop").replace("root@", `keeper:${SECRET}@`));
  const options = {
    target: mysqlTarget(url),
    knex,
    workDir,
    host: null,
    env: { PATH: pathWith(home, programs ?? [...programsFor(tool), "zstd"]) },
    tool,
  };
  const open = (): Promise<BackupDriver> => openBackupDriver(options);
  return { home, workDir, dataDir, url, knex, options, folder: new BackupFolder(dataDir), open, server, tool };
}

export type BackupScene = ReturnType<typeof backupScene>;

/** The programs that were started with credentials of this folder. */
export function programsOf(workDir: string): { pid: number; command: string; environment: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
        const ours = command.includes(`--defaults-file=${workDir}/`);
        return ours ? [{ pid: Number(name), command, environment: readFileSync(`/proc/${name}/environ`, "utf8") }] : [];
      } catch (error) {
        // It has ended meanwhile.
        if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
        throw error;
      }
    });
}

/** Keeps whoever reads the last table waiting, until the lock is given back. */
export async function holdLastTable(server: TestServer): Promise<() => void> {
  const holder: Connection = await mysql.createConnection(server.url("mysql"));
  // The server may be killed meanwhile.
  holder.on("error", () => undefined);
  await holder.query("LOCK TABLES shop.zz_last WRITE");
  return () => holder.destroy();
}

export function signalAll(programs: readonly { readonly pid: number }[], signal: NodeJS.Signals): void {
  for (const { pid } of programs)
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}

/** The same, held until that is over: a dump at the last table; mydumper, which would wait for its own lock, stands still. */
export async function createHeldAnd(...[scenery, meanwhile, signal]: Parameters<typeof createAnd>): Promise<BackupManifest> {
  if (scenery.tool === "mydumper") {
    const held = async (): Promise<void> => {
      const programs = programsOf(scenery.workDir);
      signalAll(programs, "SIGSTOP");
      await meanwhile();
      signalAll(programs, "SIGCONT");
    };
    return createAnd(scenery, held, signal);
  }
  const release = await holdLastTable(scenery.server);
  try {
    return await createAnd(scenery, meanwhile, signal);
  } finally {
    release();
  }
}

/** Makes a backup and does something as soon as bytes flow. */
export async function createAnd(
  scenery: BackupScene,
  meanwhile: () => unknown,
  signal = new AbortController().signal,
): Promise<BackupManifest> {
  let done: unknown = null;
  const onProgress = (): void => void (done ??= meanwhile() ?? true);
  const made = scenery.folder.create(await scenery.open(), FACTS, { signal, onProgress, exclude: [] });
  await made.catch(() => undefined);
  await done;
  return made;
}

export function nothingLeft({ folder, dataDir }: BackupScene): void {
  assert.deepEqual(folder.list(), []);
  const backups = path.join(dataDir, "backups");
  assert.deepEqual(existsSync(backups) ? readdirSync(backups) : [], []);
}
