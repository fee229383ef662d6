import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import knexFactory, { type Knex } from "knex";
import type { BackupCall, BackupTarget, RestoreBackupCall } from "../../src/core/backup.js";
import type { BackupFacts } from "../../src/backup/backup-folder.js";

/** `leave`: before it is removed. */
export function scratchFolder(t: TestContext, leave: (folder: string) => void | Promise<void> = () => undefined): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "upgate-backup-"));
  t.after(async () => {
    try {
      await leave(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  return folder;
}

/** A PATH on which only these programs are. */
export function pathWith(folder: string, programs: readonly string[]): string {
  const bin = path.join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  for (const program of programs) symlinkSync(execFileSync("which", [program], { encoding: "utf8" }).trim(), path.join(bin, program));
  return bin;
}

/**
 * MySQL's own programs for that PATH. Debian has MariaDB's only; those of the server that tests run on lie beside it, with their own
 * libraries.
 */
export function addMysqlPrograms(bin: string): void {
  const root = path.join(process.env["MYSQL9_CACHE"] ?? path.join(os.tmpdir(), "mysql9-cache"), "root");
  const libraries = path.join(root, "usr/lib/x86_64-linux-gnu");
  const loader = `${libraries}/ld-linux-x86-64.so.2 --library-path ${libraries}:${libraries}/mysql/private`;
  for (const program of ["mysql", "mysqldump"])
    writeFileSync(path.join(bin, program), `#!/bin/sh\nexec ${loader} ${root}/usr/bin/${program} "$@"\n`, { mode: 0o755 });
}

export function mysqlTarget(address: string): Extract<BackupTarget, { dialect: "mysql" }> {
  const { hostname, port, username, password, pathname } = new URL(address);
  return {
    dialect: "mysql",
    host: hostname,
    port: Number(port),
    socketPath: null,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ssl: null,
  };
}

export function mysqlKnex(t: TestContext, address: string): Knex {
  const knex = knexFactory({ client: "mysql2", connection: address, pool: { min: 0, max: 2 } });
  t.after(() => knex.destroy());
  return knex;
}

export const FACTS: BackupFacts = {
  version: "1.2.3",
  runId: null,
  database: "shop on 127.0.0.1:3306",
  dialect: "mysql",
  server: "a server",
};

export const call = (): BackupCall => ({ signal: new AbortController().signal, onProgress: () => undefined });

/** What a restore asks for besides folder and manifest; `parts` gathers what is done. */
export function restoreCall(more: Partial<RestoreBackupCall> = {}): Omit<RestoreBackupCall, "folder" | "manifest"> & { parts: string[] } {
  const parts: string[] = [];
  const onPart = async (part: string): Promise<void> => void parts.push(part);
  const ask = { scratch: null, keep: [], first: [], last: [], done: new Set<string>(), beforePart: async () => undefined, onPart };
  return { ...call(), ...ask, ...more, parts };
}

/** The files below a folder that hold one of the texts. */
export function filesWith(folder: string, needle: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(needle));
}
