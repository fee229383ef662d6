import { setTimeout as pause } from "node:timers/promises";
import type { Scratch } from "../scratch.js";
import { mostInASecond } from "../statistics.js";
import { Child } from "./child.js";
import type { Cluster, RunningNode } from "./cluster.js";
import { LoadClient } from "./load-client.js";
import { machineMs } from "./machine-clock.js";
import type { Return, Visits } from "./page.js";
import type { LoadReport } from "./steady-load.js";

/** Of what the node can answer, so much is the application's daily load. */
const LOAD_SHARE = 1 / 3;
const CALIBRATION_CONNECTIONS = 16;
/** The longest time that a page may be told to stay away, and some more, ms. */
const BACK_TIMEOUT_MS = 240_000;

interface Phases {
  readonly how: Return;
  /** Visitors come at random moments of this time; 0: all at once. */
  readonly comeMs: number;
  /** From the first visitor to the end of the upgrade. */
  readonly closedMs: number;
  /** The end of the closed time, in which the waiting pages' requests are counted. */
  readonly lastMs: number;
  /** After the opening, with the application's load. */
  readonly openMs: number;
}

/** All times in ms. */
export interface CrowdSchedule {
  readonly visitors: number;
  readonly calibrationMs: number;
  readonly script: Phases;
  readonly refresh: Phases;
  /** Without visitors, for comparison. */
  readonly quietMs: number;
}

export interface Crowd {
  /** Requests of the waiting pages while the site was closed: at the end of that time, and the most. */
  readonly looksPerSecond: number;
  readonly mostLooksInASecond: number;
  /** Visitors who got the application, in all and at most. */
  readonly returned: number;
  readonly mostReturnsInASecond: number;
  /** From the opening to the last one's return, s. */
  readonly backAfterSeconds: number;
  /** The visitors' requests that failed, by what was wrong. */
  readonly failures: Readonly<Record<string, number>>;
  /** The application's load after the opening. */
  readonly load: LoadReport;
}

export interface CrowdMeasured {
  readonly visitors: number;
  /** The application's load, requests a second. */
  readonly rate: number;
  readonly quiet: LoadReport;
  /** Pages as the maintenance page's own script has them. */
  readonly script: Crowd;
  /** Pages that all refresh after the same time. */
  readonly refresh: Crowd;
}

interface Site {
  readonly cluster: Cluster;
  readonly node: RunningNode;
  readonly load: Child;
  readonly rate: number;
  readonly scratch: Scratch;
}

/** What it costs the application that the visitors who waited for an upgrade's end come back. */
export async function measureCrowd(
  cluster: Cluster,
  { visitors, calibrationMs, script, refresh, quietMs }: CrowdSchedule,
  scratch: Scratch,
  say: (text: string) => void,
): Promise<CrowdMeasured> {
  await cluster.startNodes(1);
  const node = cluster.nodes[0] as RunningNode;
  const load = Child.start("steady-load", [], scratch);
  const rate = Math.ceil((await capacityOf(node, calibrationMs)) * LOAD_SHARE);
  const site: Site = { cluster, node, load, rate, scratch };
  // For the compilers of both processes.
  await loadFor(site, calibrationMs);
  say(`${visitors} visitors wait for an upgrade, then ${rate} requests a second besides`);
  const own = await measureReturn(site, visitors, script);
  say("the same load without visitors");
  const quiet = await loadFor(site, quietMs);
  say(`${visitors} visitors whose pages all refresh at once`);
  const bunched = await measureReturn(site, visitors, refresh);
  await load.stop();
  await cluster.stopNodes();
  return { visitors, rate, quiet, script: own, refresh: bunched };
}

/** Requests a second at most. */
async function capacityOf({ port }: RunningNode, durationMs: number): Promise<number> {
  const client = await LoadClient.connect({ port, connections: CALIBRATION_CONNECTIONS, status: 200 });
  await client.load(durationMs);
  const { responses, elapsedMs } = await client.load(durationMs);
  client.close();
  return (responses * 1000) / elapsedMs;
}

async function loadFor({ load, node, rate }: Site, durationMs: number): Promise<LoadReport> {
  const { beganMs } = await load.ask<{ beganMs: number }>("begin", { port: node.port, rate });
  await pause(durationMs);
  await load.ask("end");
  return load.ask<LoadReport>("report", { fromMs: beganMs, toMs: beganMs + durationMs });
}

/** The visitors come while an upgrade goes on; the application's load begins with the opening. */
async function measureReturn(site: Site, visitors: number, phases: Phases): Promise<Crowd> {
  const { cluster, node, scratch } = site;
  const crowd = Child.start("visitors", [], scratch);
  await crowd.ask("connect", { port: node.port, visitors });
  let cameMs = Number.NaN;
  const { commitMs } = await cluster.upgrade({
    whileClosed: async () => {
      cameMs = machineMs();
      await crowd.ask("come", { how: phases.how, withinMs: phases.comeMs });
      await pause(phases.closedMs);
    },
  });
  const openedMs = await node.child.told("open", commitMs);
  const load = await loadFor(site, phases.openMs);
  const backMs = await crowd.told("back", 0, BACK_TIMEOUT_MS);
  const visits = await crowd.ask<Visits>("visits");
  await crowd.stop();
  return { ...summary(visits, { closedMs: cameMs + phases.closedMs, lastMs: phases.lastMs, openedMs, backMs }), load };
}

interface Moments {
  /** The end of the closed time, the opening, the last visitor's return. */
  readonly closedMs: number;
  readonly openedMs: number;
  readonly backMs: number;
  /** A length before `closedMs`. */
  readonly lastMs: number;
}

function summary({ looks, returns, failures }: Visits, { closedMs, openedMs, backMs, lastMs }: Moments): Omit<Crowd, "load"> {
  const last = looks.filter((atMs) => atMs >= closedMs - lastMs && atMs < closedMs);
  return {
    looksPerSecond: (last.length * 1000) / lastMs,
    mostLooksInASecond: mostInASecond(looks),
    returned: returns.length,
    mostReturnsInASecond: mostInASecond(returns),
    backAfterSeconds: (backMs - openedMs) / 1000,
    failures,
  };
}
