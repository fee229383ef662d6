import type { Knex } from "knex";
import { backfill } from "../../src/index.js";
import type { Orders } from "./orders.js";

/** A thousand rows, as scripts of that kind have them. */
const PAGE_ROWS = 1000;

export interface Sample {
  readonly rowsPerSecond: number;
  /** Between two commits; the whole time of a single statement. */
  readonly longestBatchMs: number;
  readonly batches: number;
  /** Resident memory of this process at its most above the beginning, MB. */
  readonly grownMb: number;
}

interface Variant {
  readonly label: string;
  /** Changes every row once, `upTo` in the order of the key; calls `committed` after each commit. */
  readonly run: (orders: Orders, upTo: number, committed: () => void) => Promise<unknown>;
  /** Whether it goes through a part of the rows only, because it would take too long. */
  readonly isPart: boolean;
}

const change = (knex: Knex): Record<string, Knex.Raw> => ({ changes: knex.raw("changes + 1"), total: knex.raw("net + tax + changes") });

export const VARIANTS = {
  single: {
    label: "a single UPDATE",
    isPart: false,
    run: async ({ knex }, _upTo, committed) => {
      await knex("orders").update(change(knex));
      committed();
    },
  },
  control: {
    label: "the same again",
    isPart: false,
    run: async ({ knex }, _upTo, committed) => {
      await knex("orders").update(change(knex));
      committed();
    },
  },
  ours: {
    label: "backfill()",
    isPart: false,
    run: ({ knex }, _upTo, committed) => backfill(knex, { name: "bench", table: "orders", update: change(knex), onProgress: committed }),
  },
  loop: {
    label: `a loop, ${PAGE_ROWS} rows a page`,
    isPart: false,
    run: async ({ knex }, _upTo, committed) => {
      for (let last = 0, more = true; more;) {
        const next = await knex.transaction(async (trx) => {
          const ids: { id: number }[] = await trx("orders").where("id", ">", last).orderBy("id").limit(PAGE_ROWS).select("id");
          const end = ids.at(-1)?.id ?? last;
          if (ids.length > 0) await trx("orders").where("id", ">", last).where("id", "<=", end).update(change(knex));
          return { end, more: ids.length === PAGE_ROWS };
        });
        ({ end: last, more } = next);
        committed();
      }
    },
  },
  rows: {
    label: "row by row",
    isPart: true,
    run: async ({ knex }, upTo, committed) => {
      for (let id = 1; id <= upTo; id += 1) {
        await knex("orders").where({ id }).update(change(knex));
        committed();
      }
    },
  },
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof VARIANTS;
export const VARIANT_NAMES = Object.keys(VARIANTS) as VariantName[];

/** `part`: the rows that a variant gets which does not go through all of them. */
export async function measure(name: VariantName, orders: Orders, part: number): Promise<Sample> {
  const { run, isPart } = VARIANTS[name];
  const rows = isPart ? part : orders.rows;
  await orders.settle();
  const rssBefore = process.memoryUsage.rss();
  const startMs = performance.now();
  const seen = { lastMs: startMs, longestMs: 0, batches: 0, rss: rssBefore };
  await run(orders, rows, () => {
    const nowMs = performance.now();
    seen.longestMs = Math.max(seen.longestMs, nowMs - seen.lastMs);
    seen.lastMs = nowMs;
    seen.batches += 1;
    if (!isPart) seen.rss = Math.max(seen.rss, process.memoryUsage.rss());
  });
  const seconds = (performance.now() - startMs) / 1000;
  const grownMb = (seen.rss - rssBefore) / 2 ** 20;
  return { rowsPerSecond: rows / seconds, longestBatchMs: seen.longestMs, batches: seen.batches, grownMb };
}
