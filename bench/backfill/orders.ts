import { chmodSync } from "node:fs";
import knexFactory, { type Knex } from "knex";
import { startMariaDb } from "../../test/support/mariadb.js";
import type { Scratch } from "../scratch.js";
import { settle } from "../settle.js";

/** A table of orders on a MariaDB with the server's own defaults. */
export interface Orders {
  readonly knex: Knex;
  readonly rows: number;
  readonly version: string;
  /** Waits until the server has nothing left to do for earlier changes: what one variant leaves is not paid by the next. */
  settle(): Promise<void>;
  /** Throws unless every row has had exactly so many changes: those of the first `part` rows, and those beyond. */
  verify(expected: { readonly part: number; readonly inPart: number; readonly beyond: number }): Promise<void>;
  stop(): Promise<void>;
}

export async function makeOrders(rows: number, scratch: Scratch): Promise<Orders> {
  // Started by root, the server runs as another user.
  chmodSync(scratch.folder, 0o711);
  const server = await startMariaDb({ parent: scratch.folder, settings: [], onStart: (child) => scratch.adopt(child) });
  const knex = knexFactory({ client: "mysql2", connection: server.url("bench"), pool: { min: 0, max: 2 } });
  const root = knexFactory({ client: "mysql2", connection: server.url("mysql") });
  await root.raw("CREATE DATABASE bench");
  await knex.raw(
    "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer VARCHAR(60) NOT NULL, net INT NOT NULL, tax INT NOT NULL, total INT NOT NULL, changes INT NOT NULL, note VARCHAR(120) NOT NULL)",
  );
  await knex.raw(
    "INSERT INTO orders SELECT seq, CONCAT('customer ', seq), seq % 1000, seq % 190, 0, 0, REPEAT('n', 20 + seq % 80) FROM seq_1_to_?",
    [rows],
  );
  const [[found]] = (await knex.raw("SELECT version() AS version")) as [[{ version: string }]];
  return {
    knex,
    rows,
    version: found.version,
    settle: () => settle(root),
    verify: async ({ part, inPart, beyond }) => {
      const isWrong = "changes <> if(id <= ?, ?, ?) or total <> net + tax + changes";
      const wrong = await knex("orders").whereRaw(isWrong, [part, inPart, beyond]).count({ n: "*" }).first();
      if (Number(wrong?.["n"]) !== 0) throw new Error(`${wrong?.["n"]} rows are wrong`);
    },
    stop: async () => {
      await Promise.all([knex.destroy(), root.destroy()]);
      await server.stop();
    },
  };
}
