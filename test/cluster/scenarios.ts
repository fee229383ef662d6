import { setTimeout as pause } from "node:timers/promises";
import { startFreezableProxy } from "../crash/freezable-proxy.js";
import { until } from "../support/wait.js";
import type { RunningNode, Site, Upgrade } from "./site.js";

/** What happens while the upgrade goes on. */
export interface Scenario {
  readonly name: string;
  readonly prepare: (site: Site, servers: readonly string[]) => Promise<Play>;
  /** Nodes that are no live ones while the migration goes on: their requests may overlap, their statements not. */
  readonly dead?: (nodes: readonly RunningNode[]) => readonly RunningNode[];
  /** Besides the load each node has a request that never ends by itself. */
  readonly endless?: boolean;
}

export interface Play {
  /** The first nodes' ways to the database; undefined: the straight one, on a cluster each to another server. */
  readonly ways: readonly (string | undefined)[];
  /** Resolves when all of it has happened, with the upgrade that ends the run; adds the nodes that it starts. */
  readonly happen: (nodes: RunningNode[]) => Promise<Upgrade>;
  readonly close?: () => void;
}

const FOUR = [undefined, undefined, undefined, undefined];

const first = (nodes: readonly RunningNode[]): readonly RunningNode[] => nodes.slice(0, 1);

const PHASES = ["starting", "closing", "migrating", "finishing"];

/** Resolves when the run has come that far. */
async function phase(site: Site, wanted: string): Promise<void> {
  const ask = async (): Promise<boolean> => {
    const [run] = await site.query<{ phase: string }>("SELECT phase FROM $db.upgate_run WHERE active = 1");
    return run !== undefined && PHASES.indexOf(run.phase) >= PHASES.indexOf(wanted);
  };
  await until(`the phase ${wanted}`, ask, 30_000);
}

function scenario(name: string, happen: (site: Site, nodes: RunningNode[]) => Promise<Upgrade>, dead?: Scenario["dead"]): Scenario {
  return { name, prepare: async (site) => ({ ways: FOUR, happen: (nodes) => happen(site, nodes) }), ...(dead ? { dead } : {}) };
}

/** As long as the migration is surely under way. */
const IN_MID_MIGRATION_MS = 1000;

export const SCENARIOS: readonly Scenario[] = [
  scenario("four nodes", async (site) => site.upgrade()),
  scenario(
    "one frozen, woken in mid-migration",
    async (site, nodes) => {
      const upgrade = site.upgrade();
      await phase(site, "closing");
      nodes[0]?.signal("SIGSTOP");
      await phase(site, "migrating");
      await pause(IN_MID_MIGRATION_MS);
      nodes[0]?.signal("SIGCONT");
      return upgrade;
    },
    first,
  ),
  {
    name: "one cut off from the database",
    dead: first,
    prepare: async (site, servers) => {
      const proxy = await startFreezableProxy(Number(new URL(servers[0] as string).port));
      const way = new URL(site.address);
      way.port = String(proxy.port);
      return {
        ways: [way.href, ...FOUR.slice(1)],
        happen: async () => {
          proxy.freeze();
          const upgrade = site.upgrade();
          await phase(site, "migrating");
          await pause(IN_MID_MIGRATION_MS);
          // What was held back arrives now.
          proxy.thaw();
          return upgrade;
        },
        close: () => proxy.close(),
      };
    },
  },
  scenario(
    "one killed",
    async (site, nodes) => {
      const upgrade = site.upgrade();
      await phase(site, "closing");
      nodes[0]?.signal("SIGKILL");
      return upgrade;
    },
    first,
  ),
  scenario("one started in mid-closing", async (site, nodes) => {
    const upgrade = site.upgrade();
    await phase(site, "closing");
    nodes.push(await site.startNode());
    return upgrade;
  }),
  scenario("one started in mid-migration", async (site, nodes) => {
    const upgrade = site.upgrade();
    await phase(site, "migrating");
    nodes.push(await site.startNode());
    return upgrade;
  }),
  { ...scenario("requests that the operator ends", async (site) => site.upgrade("--drain=end")), endless: true },
  scenario("the runner killed in closing", async (site) => {
    const killed = site.upgrade();
    await phase(site, "closing");
    killed.child.kill("SIGKILL");
    await killed.exitCode;
    return site.upgrade();
  }),
];
