import { setTimeout as pause } from "node:timers/promises";
import { startActor } from "./actor.js";
import type { Scenario } from "./scenarios.js";
import { allOpen, isOpen, openSite, type RunningNode, type Site } from "./site.js";

/** In all, a second. */
const RATE = 1000;
const BEFORE_MS = 2000;
const AFTER_MS = 1500;

export interface PlayResult {
  readonly scenario: string;
  readonly answered: number;
  readonly refused: number;
  /** Without an answer, or with an error's. */
  readonly failed: number;
  /** Requests that the operator ended. */
  readonly ended: number;
  /** Requests of live nodes that overlap the migration. */
  readonly overlapping: number;
  /** The same of nodes that were passed over: their JavaScript may run on. */
  readonly overlappingOfDead: number;
  /** The application's statements that reached the server inside the migration, of all nodes. */
  readonly statements: number;
  /** From the upgrade's start to the migration's first statement, ms. */
  readonly closeMs: number;
  /** From the version row's writing to the last live node's opening, ms. */
  readonly openMs: number;
  readonly problems: readonly string[];
}

interface LoadResult {
  readonly answered: number;
  readonly refused: number;
  readonly failed: number;
  readonly lost: number;
  readonly sent: number;
  readonly errors: Readonly<Record<string, number>>;
}

interface Endless {
  readonly asked: number;
  readonly ended: number;
}

interface NodeReport {
  readonly served: number;
  readonly overlapping: number;
  readonly examples: readonly object[];
}

/** Plays one scenario under load, and compares what every process and the server itself have seen. */
export async function playScenario(servers: readonly string[], scenario: Scenario, name: string): Promise<PlayResult> {
  const site = await openSite(servers, name);
  const play = await scenario.prepare(site, servers);
  const load = startActor("load.mjs");
  try {
    const nodes = await Promise.all(play.ways.map((way, index) => site.startNode(way ?? site.addresses[index % servers.length])));
    await allOpen(nodes);
    await site.queryAll("SET GLOBAL log_output = 'TABLE'");
    const [since] = await site.query<{ now: string }>("SELECT CAST(NOW(6) AS CHAR) AS now");
    await site.queryAll("SET GLOBAL general_log = ON");
    await load.ask("start", { ports: nodes.map(({ port }) => port), rate: RATE });
    await pause(BEFORE_MS);
    if (scenario.endless) await load.ask("hang", { ports: nodes.map(({ port }) => port) });
    const startedMs = Date.now();
    const upgrade = await play.happen(nodes);
    const exitCode = await upgrade.exitCode;
    const problems = exitCode === 0 ? [] : [`upgate up ended with ${exitCode}: ${upgrade.output().slice(-2000)}`];
    const dead = scenario.dead?.(nodes) ?? [];
    const live = nodes.filter((node) => !dead.includes(node));
    await allOpen(nodes.filter(({ isAlive }) => isAlive));
    await pause(AFTER_MS);
    const visitors = await load.ask<LoadResult>("stop");
    await site.queryAll("SET GLOBAL general_log = OFF");
    const window = await readWindow(site);
    const [ofLive, ofDead] = [await report(live, window), await report(dead, window)];
    const endless = await load.ask<Endless>("endless");
    if (endless.ended !== endless.asked) problems.push(`of ${endless.asked} endless requests ${endless.ended} were ended`);
    problems.push(...judge(visitors, dead), ...ofLive.examples.map((visit) => JSON.stringify(visit)));
    return {
      scenario: scenario.name,
      answered: visitors.answered,
      refused: visitors.refused,
      failed: visitors.failed + visitors.lost,
      ended: endless.ended,
      overlapping: ofLive.overlapping,
      overlappingOfDead: ofDead.overlapping,
      statements: await countStatements(site, String(since?.now)),
      closeMs: window.from - startedMs,
      openMs: Math.max(...live.map((node) => lastOpening(node))) - (await versionRowMs(site)),
      problems,
    };
  } finally {
    await site.queryAll("SET GLOBAL general_log = OFF");
    await load.stop();
    play.close?.();
    await site.close();
  }
}

async function readWindow(site: Site): Promise<{ from: number; to: number }> {
  const rows = await site.query<{ name: string; at_ms: number }>("SELECT name, at_ms FROM $db.stamps");
  const at = (name: string): number => Number(rows.find((row) => row.name === name)?.at_ms);
  return { from: at("begin"), to: at("end") };
}

async function report(nodes: readonly RunningNode[], window: object): Promise<{ overlapping: number; examples: readonly object[] }> {
  const reports = await Promise.all(nodes.filter(({ isAlive }) => isAlive).map((node) => node.ask<NodeReport>("report", window)));
  return {
    overlapping: reports.reduce((sum, { overlapping }) => sum + overlapping, 0),
    examples: reports.flatMap(({ examples }) => examples),
  };
}

/** Every request has an answer, but those that a dead node took with it. */
function judge({ failed, lost, errors }: LoadResult, dead: readonly RunningNode[]): string[] {
  if (failed + lost === 0) return [];
  const unexplained = Object.entries(errors).filter(([error]) => !dead.some(({ port }) => error.startsWith(`${port}:`)));
  return unexplained.map(([error, count]) => `${count} times: ${error}`);
}

/**
 * As the servers have seen them: between the migration's first and last statement, by the servers' own logs, which hold earlier scenarios too. Emptying
 * them would be a statement for the whole of a cluster.
 */
async function countStatements(site: Site, since: string): Promise<number> {
  const log = `mysql.general_log WHERE event_time >= '${since}' AND`;
  const stamp = async (name: string): Promise<string> => {
    const [row] = await site.queryAll<{ at: string }>(
      `SELECT CAST(event_time AS CHAR) AS at FROM ${log} argument LIKE '%into \`stamps\`%''${name}''%'`,
    );
    if (!row) throw new Error(`no server's log holds the migration's statement "${name}"`);
    return row.at;
  };
  const sent = `SELECT COUNT(*) AS n FROM ${log} argument LIKE 'insert into \`visits\`%'`;
  const count = async (sql: string): Promise<number[]> => (await site.queryAll<{ n: number }>(sql)).map(({ n }) => Number(n));
  if ((await count(sent)).includes(0)) throw new Error("a server's log holds no statement of the application: nothing would be noticed");
  const within = await count(`${sent} AND event_time BETWEEN '${await stamp("begin")}' AND '${await stamp("end")}'`);
  return within.reduce((sum, n) => sum + n, 0);
}

async function versionRowMs(site: Site): Promise<number> {
  const [row] = await site.query<{ finished_at: string }>(
    "SELECT finished_at FROM $db.upgate_run WHERE status = 'completed' ORDER BY started_at DESC LIMIT 1",
  );
  return Date.parse(String(row?.finished_at));
}

function lastOpening(node: RunningNode): number {
  return isOpen(node) ? (node.changes.at(-1)?.at as number) : Number.POSITIVE_INFINITY;
}
