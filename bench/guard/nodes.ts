import { setTimeout as pause } from "node:timers/promises";
import type { Cluster, RunningNode } from "./cluster.js";
import { LoadClient } from "./load-client.js";
import { machineMs } from "./machine-clock.js";

/** Of the load on each node while its queries are counted. */
const CONNECTIONS = 4;
/** The second count itself is among what it counts. */
const COUNTING_QUERIES = 1;

export interface NodesSchedule {
  /** Numbers of nodes, rising. */
  readonly counts: readonly number[];
  /** Upgrades for each of them. */
  readonly repetitions: number;
  /** One of the counts: with so many nodes the queries are counted. */
  readonly countedNodes: number;
  /** How long they are counted, ms. */
  readonly countedMs: number;
}

export interface Switching {
  readonly nodes: number;
  /** From each upgrade's start to its first statement, ms. */
  readonly closingMs: readonly number[];
  /** From each version row's commit to the last node's opening, ms. */
  readonly openingMs: readonly number[];
}

export interface Queries {
  readonly nodes: number;
  readonly perNodeAndSecond: number;
  /** Of all nodes together; 0: they were idle. */
  readonly requestsPerSecond: number;
}

export interface NodesMeasured {
  readonly pollMs: number;
  readonly nodeTtlMs: number;
  readonly switching: readonly Switching[];
  readonly queries: readonly Queries[];
}

/** How fast nodes close and open, and what they ask of the database meanwhile. Leaves no node running. */
export async function measureNodes(cluster: Cluster, schedule: NodesSchedule, say: (text: string) => void): Promise<NodesMeasured> {
  const { counts, repetitions, countedNodes, countedMs } = schedule;
  const switching: Switching[] = [];
  const queries: Queries[] = [];
  for (const count of counts) {
    say(`${count} ${count === 1 ? "node" : "nodes"}, ${repetitions} upgrades`);
    await cluster.startNodes(count);
    switching.push(await measureSwitching(cluster, repetitions));
    if (count !== countedNodes) continue;
    say(`the queries of ${count} nodes, idle and under load`);
    queries.push(await countQueries(cluster, () => pause(countedMs, 0)));
    queries.push(await countQueries(cluster, () => loadAll(cluster.nodes, countedMs)));
  }
  await cluster.stopNodes();
  return { ...cluster.timing, switching, queries };
}

async function measureSwitching(cluster: Cluster, repetitions: number): Promise<Switching> {
  const { pollMs } = cluster.timing;
  const closingMs: number[] = [];
  const openingMs: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    // At any phase of the nodes' polls.
    const { startMs, migrationMs, commitMs } = await cluster.upgrade({ beforeStart: () => pause(Math.random() * pollMs) });
    const opened = await Promise.all(cluster.nodes.map(({ child }) => child.told("open", commitMs)));
    closingMs.push(migrationMs - startMs);
    openingMs.push(Math.max(...opened) - commitMs);
  }
  return { nodes: cluster.nodes.length, closingMs, openingMs };
}

/** `work`: what goes on while the server counts; resolves with its requests, in all. */
async function countQueries(cluster: Cluster, work: () => Promise<number>): Promise<Queries> {
  const [before, startMs] = [await cluster.countQueries(), machineMs()];
  const requests = await work();
  const queries = (await cluster.countQueries()) - before - COUNTING_QUERIES;
  const seconds = (machineMs() - startMs) / 1000;
  const nodes = cluster.nodes.length;
  return { nodes, perNodeAndSecond: queries / seconds / nodes, requestsPerSecond: requests / seconds };
}

async function loadAll(nodes: readonly RunningNode[], durationMs: number): Promise<number> {
  const clients = await Promise.all(nodes.map(({ port }) => LoadClient.connect({ port, connections: CONNECTIONS, status: 200 })));
  const results = await Promise.all(clients.map((client) => client.load(durationMs)));
  for (const client of clients) client.close();
  return results.reduce((sum, { responses }) => sum + responses, 0);
}
