import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Knex } from "knex";
import { UpgateError } from "../core/errors.js";
import { connectStore, type DatabaseSource } from "../store/connect.js";
import { driverMessage } from "../store/driver-errors.js";
import { type ScratchPlace, serverConfig } from "../store/scratch-place.js";

/** ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR. */
const DENIED = new Set([1044, 1142, 1227]);

/** Databases that live as long as a test: on the server that `source` names, or as files. Never the one that it names. */
export class ScratchDatabases {
  /** For files that belong to the test; removed by `close`. */
  readonly folder = mkdtempSync(path.join(os.tmpdir(), `upgate-test-${process.pid}-`));
  readonly #server: Knex | null;
  readonly #made = new Set<ScratchPlace>();

  constructor(source: DatabaseSource) {
    this.#server = source.dialect === "mysql" ? connectStore({ ...source, config: serverConfig(source.config) }) : null;
  }

  /** Throws `ERR_UPGATE_DATABASE` when the server does not answer or the account may not create databases. */
  async create(): Promise<ScratchPlace> {
    const name = `upgate_test_${process.pid}_${randomBytes(6).toString("hex")}`;
    const place: ScratchPlace = this.#server
      ? { dialect: "mysql", database: name }
      : { dialect: "sqlite", filename: path.join(this.folder, `${name}.db`) };
    if (this.#server) await this.#change(this.#server, "CREATE DATABASE ??", name, "created");
    this.#made.add(place);
    return place;
  }

  async drop(place: ScratchPlace): Promise<void> {
    if (!this.#made.delete(place)) return;
    if (place.dialect === "mysql") await this.#change(this.#server as Knex, "DROP DATABASE IF EXISTS ??", place.database, "dropped");
    else for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(place.filename + suffix, { force: true });
  }

  /** Drops what is left, all of it also when one can't be dropped. */
  async close(): Promise<void> {
    try {
      const drops = await Promise.allSettled([...this.#made].map((place) => this.drop(place)));
      for (const drop of drops) if (drop.status === "rejected") throw drop.reason;
    } finally {
      await this.#server?.destroy();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  async #change(server: Knex, sql: string, name: string, done: "created" | "dropped"): Promise<void> {
    try {
      await server.raw(sql, [name]);
    } catch (cause) {
      const message = `The scratch database ${name} can't be ${done}: ${driverMessage(cause)}`;
      const remedy =
        "Run once: GRANT ALL ON `upgate\\_test\\_%`.* TO <the account>; or name another one with testUpgrade's option database.";
      throw new UpgateError("ERR_UPGATE_DATABASE", message, { cause, ...(isDenied(cause) ? { remedy } : {}) });
    }
  }
}

function isDenied(error: unknown): boolean {
  return DENIED.has(Number((error as { errno?: unknown }).errno));
}
