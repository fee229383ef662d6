import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const module = (path: string): string => new URL(path, import.meta.url).href;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Where the process dies: after so many commits, or within the batch after them, when its change is sent but not committed. */
export interface DeathAt {
  readonly batches: number;
  readonly point: "committed" | "within";
}

const script = (address: string, table: string, { batches, point }: DeathAt): string => `
  import { backfill } from ${JSON.stringify(module("../../dist/index.js"))};
  import { connectHost, databaseSource } from ${JSON.stringify(module("../../dist/store/connect.js"))};
  const knex = connectHost(databaseSource(${JSON.stringify(address)}, process.cwd()));
  const table = ${JSON.stringify(table)};
  let committed = 0;
  const die = () => { process.send("here"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); };
  await backfill(knex, {
    name: "killed", table, batch: 10,
    update: async (rows, query) => {
      await query(knex(table).whereIn("id", rows.map(({ id }) => id)).increment("n"));
      if (${point === "within"} && committed === ${batches}) die();
    },
    onProgress: () => { committed += 1; if (${point === "committed"} && committed === ${batches}) die(); },
  });
`;

/** Runs a backfill "killed" of `table` (n = n + 1) in a process of its own, and kills it by SIGKILL where told. */
export async function killBackfill(address: string, table: string, at: DeathAt): Promise<void> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script(address, table, at)], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  child.once("message", () => child.kill("SIGKILL"));
  const signal = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (_code, by) => resolve(by));
  });
  if (signal !== "SIGKILL") throw new Error(`the backfill to be killed ended by itself: ${String(signal)}`);
}
