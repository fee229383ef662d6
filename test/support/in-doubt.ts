import type { StatementInDoubt, Upgate } from "../../src/index.js";
import { SHOP_MIGRATIONS, type TestProject } from "./project.js";

/** A project's migrations, of which the last one fails before its first statement. */
export const FAILING_MIGRATIONS = {
  ...SHOP_MIGRATIONS,
  "1.1.0/0002-fill-prices.mjs": `export const up = () => { throw new Error("not yet"); };`,
};

export const DOUBT: StatementInDoubt = {
  sequence: 3,
  statement: "call `fill_prices`(?, '<b>Euro & Cent</b>')",
  why: "What a stored procedure does can't be seen from outside.",
};

/** Writes into the failed run that it waits for an answer, and puts the migration right, so that an answer leads to the end. */
export async function putInDoubt({ knex }: Upgate, project: TestProject, doubt: StatementInDoubt = DOUBT): Promise<void> {
  const error = {
    code: "ERR_UPGATE_IN_DOUBT",
    message: "It can't be told whether a statement of 1.1.0/0002-fill-prices was carried out.",
    remedy: "Look into the database, then say which it is: it was applied, or run it again. If you can't tell, restore the backup.",
    migration: "1.1.0/0002-fill-prices",
    inDoubt: doubt,
  };
  await knex("upgate_run")
    .where({ status: "failed" })
    .update({ error: JSON.stringify(error) });
  project.write("migrations/1.1.0/0002-fill-prices.mjs", SHOP_MIGRATIONS["1.1.0/0002-fill-prices.mjs"]);
}
