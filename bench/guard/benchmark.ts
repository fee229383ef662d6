import path from "node:path";
import type { Benchmark } from "../benchmark.js";
import { Scratch } from "../scratch.js";
import { Cluster } from "./cluster.js";
import { type CrowdSchedule, measureCrowd } from "./crowd.js";
import { measureNodes, type NodesSchedule } from "./nodes.js";
import { measurePassPath } from "./pass-path.js";
import { measureRates, type Schedule } from "./rates.js";
import { figuresOf, textOf } from "./report.js";
import { makeSite } from "./site.js";
import { VARIANT_NAMES } from "./variants.js";

/** Of servers under load; the other parts take their own time. */
const DEFAULT_SECONDS = 85;
/** A round for every so many seconds, two at least: the difference between processes of one program is the larger part of the noise. */
const SECONDS_A_ROUND = 40;
/** In all rounds together: with fewer slices a median is too loose for an aim of 0.97. */
const MIN_CYCLES = 30;
/** Many short slices tell more than few long ones: what disturbs a neighbour is then shared. */
const MAX_SLICE_MS = 150;
/** Of each server, once a round: the compiler needs some thousand requests. */
const WARM_UP_MS = 1200;
/** Of a round, for starting and warming up the servers. */
const START_MS = 5000 + WARM_UP_MS * VARIANT_NAMES.length;
/** Databases and calls in process. */
const BEFORE_MS = 8000;
const PASS_PATH_BLOCKS = 200;

const QUICK: Schedule = { rounds: 1, cycles: 6, sliceMs: 60, warmUpMs: 100 };

const NODES: NodesSchedule = { counts: [1, 4, 16], repetitions: 7, countedNodes: 4, countedMs: 30_000 };
const QUICK_NODES: NodesSchedule = { counts: [1, 2], repetitions: 1, countedNodes: 2, countedMs: 1500 };

/** By a minute `Retry-After` has grown to what so many need. */
const CROWD: CrowdSchedule = {
  visitors: 10_000,
  calibrationMs: 3000,
  script: { how: "script", comeMs: 10_000, closedMs: 60_000, lastMs: 20_000, openMs: 60_000 },
  refresh: { how: 10_000, comeMs: 0, closedMs: 35_000, lastMs: 10_000, openMs: 20_000 },
  quietMs: 60_000,
};
const QUICK_CROWD: CrowdSchedule = {
  visitors: 500,
  calibrationMs: 600,
  script: { how: "script", comeMs: 500, closedMs: 2000, lastMs: 2000, openMs: 2000 },
  refresh: { how: 2000, comeMs: 0, closedMs: 1000, lastMs: 1000, openMs: 2000 },
  quietMs: 1000,
};

export const guardBenchmark: Benchmark = async ({ seconds, quick, say }) => {
  const schedule = quick ? QUICK : scheduleOf(seconds ?? DEFAULT_SECONDS);
  const startedAt = new Date();
  const scratch = new Scratch();
  try {
    say("two databases, upgraded for real");
    const open = await makeSite(path.join(scratch.folder, "open"), "open");
    const closed = await makeSite(path.join(scratch.folder, "closed"), "closed");
    const passPath = await measurePassPath(open, quick ? PASS_PATH_BLOCKS / 10 : PASS_PATH_BLOCKS);
    const rates = await measureRates({ open, closed }, schedule, scratch, say);
    const clustered = await measureCluster(quick, scratch, say);
    const figures = figuresOf({ startedAt, quick, schedule, rates, passPath, ...clustered });
    return { figures, text: textOf(figures) };
  } finally {
    await scratch.clear();
  }
};

async function measureCluster(quick: boolean, scratch: Scratch, say: (text: string) => void) {
  say("a MariaDB for several nodes");
  const cluster = await Cluster.start(path.join(scratch.folder, "cluster"), scratch);
  try {
    const nodes = await measureNodes(cluster, quick ? QUICK_NODES : NODES, say);
    const crowd = await measureCrowd(cluster, quick ? QUICK_CROWD : CROWD, scratch, say);
    return { server: cluster.serverVersion, nodes, crowd };
  } finally {
    await cluster.stop();
  }
}

function scheduleOf(seconds: number): Schedule {
  const rounds = Math.max(2, Math.round(seconds / SECONDS_A_ROUND));
  const loadMs = seconds * 1000 - BEFORE_MS - rounds * START_MS;
  const sliceMs = Math.round(Math.min(MAX_SLICE_MS, loadMs / (MIN_CYCLES * VARIANT_NAMES.length)));
  const cycles = Math.max(Math.ceil(MIN_CYCLES / rounds), Math.floor(loadMs / (rounds * VARIANT_NAMES.length * sliceMs)));
  return { rounds, cycles, sliceMs, warmUpMs: WARM_UP_MS };
}
