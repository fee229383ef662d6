import { setTimeout as pause } from "node:timers/promises";
import type { Knex } from "knex";

const SETTLE_EVERY_MS = 50;
const SETTLE_LIMIT_MS = 60_000;
/** What the server keeps dirty by itself. */
const FEW_PAGES = 50;

/** Old row versions purged, dirty pages written. */
export async function settle(root: Knex): Promise<void> {
  await root.raw("SET GLOBAL innodb_max_purge_lag_wait = 0");
  const [[before]] = (await root.raw("SELECT @@innodb_max_dirty_pages_pct AS most, @@innodb_max_dirty_pages_pct_lwm AS low")) as [
    [{ most: number; low: number }],
  ];
  await root.raw("SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0, GLOBAL innodb_max_dirty_pages_pct = 0");
  const deadlineMs = performance.now() + SETTLE_LIMIT_MS;
  while ((await dirtyPages(root)) > FEW_PAGES && performance.now() < deadlineMs) await pause(SETTLE_EVERY_MS);
  await root.raw(`SET GLOBAL innodb_max_dirty_pages_pct = ${before.most}, GLOBAL innodb_max_dirty_pages_pct_lwm = ${before.low}`);
}

async function dirtyPages(root: Knex): Promise<number> {
  const [[row]] = (await root.raw("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'")) as [[{ Value: string }]];
  return Number(row.Value);
}
