import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startMariaDb } from "../../test/support/mariadb.js";
import type { Benchmark } from "../benchmark.js";
import { Scratch } from "../scratch.js";
import { figuresOf, type Run, type Runs, textOf } from "./report.js";
import { LAYOUT_NAMES, makeSite, type PlanSite } from "./site.js";

const MIGRATIONS = 10_000;
const PENDING = 10;
const DEFAULT_SECONDS = 60;
const QUICK_ROUNDS = 3;
/** The first processes read the files from the disk. */
const WARM_UP_ROUNDS = 2;

const PROGRAM = fileURLToPath(new URL("program.mjs", import.meta.url));
const run = promisify(execFile);

export const planBenchmark: Benchmark = async ({ seconds, quick, say }) => {
  const startedAt = new Date();
  const scratch = new Scratch();
  const server = await startMariaDb({ settings: [], onStart: (child) => scratch.adopt(child) });
  try {
    const sites = new Map<keyof Runs, PlanSite>();
    for (const layout of LAYOUT_NAMES) {
      say(`${MIGRATIONS} migrations, ${layout}`);
      const folder = path.join(scratch.folder, layout, "migrations");
      const size = { migrations: MIGRATIONS, pending: PENDING };
      sites.set(layout, await makeSite({ layout, folder, serverUrl: server.url, ...size }));
    }
    const runs: Runs = { flat: [], versions: [] };
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) for (const site of sites.values()) await measure(site);
    say(quick ? `${QUICK_ROUNDS} rounds` : `rounds for ${seconds ?? DEFAULT_SECONDS} s`);
    const deadlineMs = performance.now() + (seconds ?? DEFAULT_SECONDS) * 1000;
    for (let round = 0; quick ? round < QUICK_ROUNDS : performance.now() < deadlineMs; round += 1)
      for (const [layout, site] of sites) runs[layout].push(await measure(site));
    const figures = figuresOf({ startedAt, quick, migrations: MIGRATIONS, pending: PENDING, runs });
    return { figures, text: textOf(figures) };
  } finally {
    await server.stop();
    await scratch.clear();
  }
};

async function measure({ url, migrations, version }: PlanSite): Promise<Run> {
  const startMs = performance.now();
  const { stdout } = await run(process.execPath, [PROGRAM, url, migrations, version], {
    env: { ...process.env, NODE_ENV: "production", NODE_OPTIONS: "" },
  });
  const processMs = performance.now() - startMs;
  const { pending, ...measured } = JSON.parse(stdout) as Omit<Run, "processMs"> & { pending: number };
  if (pending !== PENDING) throw new Error(`the plan holds ${pending} migrations, not ${PENDING}`);
  return { ...measured, processMs };
}
