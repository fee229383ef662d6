import type { Benchmark } from "../benchmark.js";
import { Scratch } from "../scratch.js";
import { makeOrders, type Orders } from "./orders.js";
import { figuresOf, type Samples, textOf } from "./report.js";
import { measure, VARIANT_NAMES, VARIANTS } from "./variants.js";

const DEFAULT_SECONDS = 240;
const ROWS = 1_000_000;
const PART = 1000;
const QUICK_ROWS = 50_000;
const QUICK_PART = 100;
/** Of a median no interval can be told from fewer. */
const LEAST_ROUNDS = 3;

export const backfillBenchmark: Benchmark = async ({ seconds, quick, say }) => {
  const startedAt = new Date();
  const scratch = new Scratch();
  const deadlineMs = performance.now() + (seconds ?? DEFAULT_SECONDS) * 1000;
  try {
    const [rows, part] = quick ? [QUICK_ROWS, QUICK_PART] : [ROWS, PART];
    say(`a MariaDB with ${rows} rows`);
    const orders = await makeOrders(rows, scratch);
    const samples = Object.fromEntries(VARIANT_NAMES.map((name) => [name, []])) as unknown as Samples;
    // The first one finds the table as the INSERT has left it.
    await measure("single", orders, part);
    let longestMs = 0;
    const isOver = (round: number): boolean => (quick ? round >= 1 : round >= LEAST_ROUNDS && performance.now() + longestMs > deadlineMs);
    for (let round = 0; !isOver(round); round += 1) {
      const roundMs = performance.now();
      await measureRound(round, orders, part, samples, say);
      longestMs = Math.max(longestMs, performance.now() - roundMs);
    }
    const figures = figuresOf({ startedAt, quick, rows, part, server: orders.version, samples });
    await orders.stop();
    return { figures, text: textOf(figures) };
  } finally {
    await scratch.clear();
  }
};

/** Each once, another one first each time, and every other time backwards: none always follows the same one. */
async function measureRound(round: number, orders: Orders, part: number, samples: Samples, say: (text: string) => void): Promise<void> {
  const first = round % VARIANT_NAMES.length;
  const turned = [...VARIANT_NAMES.slice(first), ...VARIANT_NAMES.slice(0, first)];
  for (const name of round % 2 === 0 ? turned : turned.toReversed()) {
    const sample = await measure(name, orders, part);
    samples[name].push(sample);
    const { rowsPerSecond, longestBatchMs, batches } = sample;
    say(
      `round ${round + 1}, ${VARIANTS[name].label}: ${Math.round(rowsPerSecond)} rows/s, ${batches} batches, longest ${Math.round(longestBatchMs)} ms`,
    );
  }
  await verifyRows(orders, part, samples);
}

/** The benchmark counts only what was done in full: each row has had every change once. */
async function verifyRows(orders: Orders, part: number, samples: Samples): Promise<void> {
  const whole = VARIANT_NAMES.filter((name) => !VARIANTS[name].isPart).reduce((sum, name) => sum + samples[name].length, 1);
  const parts = VARIANT_NAMES.filter((name) => VARIANTS[name].isPart).reduce((sum, name) => sum + samples[name].length, 0);
  await orders.verify({ part, inPart: whole + parts, beyond: whole });
}
