import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import mysql from "mysql2/promise";

export interface TestServer {
  /** Address of a database on the server. */
  url(database: string): string;
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface MariaDbOptions {
  /** Holds the server's folder. Default: the system's folder for temporary files. */
  readonly parent?: string;
  /** Arguments beside those that place it; default: a smaller memory than the server's own. */
  readonly settings?: readonly string[];
  /** Told of the server's process at each start. */
  readonly onStart?: (server: ChildProcess) => void;
}

/** A real MariaDB on a free port of 127.0.0.1, with its data in a scratch folder. */
export async function startMariaDb({
  parent = os.tmpdir(),
  settings = ["--innodb-buffer-pool-size=64M"],
  onStart,
}: MariaDbOptions = {}): Promise<TestServer> {
  const home = mkdtempSync(path.join(parent, "upgate-mariadb-"));
  const data = path.join(home, "data");
  // A server that starts removes every other's temporary tables from the folder that they share: those then crash (MariaDB 10.11).
  const temporary = path.join(home, "tmp");
  mkdirSync(temporary);
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? "mysql" : os.userInfo().username;
  if (asRoot) execFileSync("chown", ["mysql:", home, temporary]);
  execFileSync(
    "mariadb-install-db",
    [
      "--no-defaults",
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      `--datadir=${data}`,
      `--tmpdir=${temporary}`,
      `--user=${user}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const port = await freePort();
  let server: ChildProcess | null = null;

  async function start(): Promise<void> {
    server = spawn(
      "mariadbd",
      [
        "--no-defaults",
        `--user=${user}`,
        "--bind-address=127.0.0.1",
        `--port=${port}`,
        `--datadir=${data}`,
        `--tmpdir=${temporary}`,
        `--socket=${home}/s.sock`,
        `--pid-file=${home}/pid`,
        "--character-set-server=utf8mb4",
        ...settings,
      ],
      { stdio: "ignore" },
    );
    onStart?.(server);
    await accepting(port, server);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = server;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      ending.once("exit", () => resolve());
      ending.kill(signal);
    });
  }

  await start();
  return {
    url: (database) => `mysql://root@127.0.0.1:${port}/${database}`,
    kill: () => end("SIGKILL"),
    start,
    stop: async () => {
      await end("SIGKILL");
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** Resolves once the server answers; rejects when its process ends first. */
async function accepting(port: number, server: ChildProcess): Promise<void> {
  let lastError: unknown;
  for (let tries = 0; tries < 300; tries++) {
    if (server.exitCode !== null) throw new Error(`mariadbd ended with exit code ${server.exitCode}`);
    try {
      const connection = await mysql.createConnection({ host: "127.0.0.1", port, user: "root" });
      await connection.end();
      return;
    } catch (error) {
      lastError = error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error("MariaDB did not answer within 15 s", { cause: lastError });
}
