import type { Scratch } from "../scratch.js";
import { LoadedServer, type Sample } from "./server-process.js";
import type { Site } from "./site.js";
import { SEPARATE, TOGETHER, VARIANT_NAMES, VARIANTS, type VariantName } from "./variants.js";

export interface Schedule {
  /** Times that all servers are started anew: no two processes of the same program are equally fast. */
  readonly rounds: number;
  /** Slices of each variant in a round. */
  readonly cycles: number;
  readonly sliceMs: number;
  readonly warmUpMs: number;
}

export interface Rates {
  /** For each variant its samples; those of one index were measured next to each other. */
  readonly samples: Readonly<Record<VariantName, readonly Sample[]>>;
  /** Share of a core that the load generator took while it loaded. Near 1 it would be the one measured. */
  readonly loadShare: number;
}

/** Loads one server at a time, in slices that alternate between the variants. */
export async function measureRates(
  sites: Readonly<Record<"open" | "closed", Site>>,
  { rounds, cycles, sliceMs, warmUpMs }: Schedule,
  scratch: Scratch,
  say: (text: string) => void,
): Promise<Rates> {
  const samples = Object.fromEntries(VARIANT_NAMES.map((name) => [name, []])) as unknown as Record<VariantName, Sample[]>;
  let loadCpuUs = 0;
  for (let round = 0; round < rounds; round += 1) {
    say(`round ${round + 1} of ${rounds}: ${VARIANT_NAMES.length} servers, ${cycles} slices of ${sliceMs} ms each`);
    const separate = await Promise.all(SEPARATE.map((name) => LoadedServer.start([name], sites[VARIANTS[name].gate], scratch)));
    const servers = [...separate.flat(), ...(await LoadedServer.start(TOGETHER, sites.open, scratch))];
    for (const server of servers) await server.measure(warmUpMs);
    const before = process.cpuUsage();
    for (let cycle = 0; cycle < cycles; cycle += 1)
      for (const server of inTurn(servers, cycle)) samples[server.name].push(await server.measure(sliceMs));
    const { user, system } = process.cpuUsage(before);
    loadCpuUs += user + system;
    for (const server of servers) await server.stop();
  }
  return { samples, loadShare: loadCpuUs / 1000 / (rounds * cycles * sliceMs * VARIANT_NAMES.length) };
}

/** Another one begins each time, and every other time they go backwards: no variant always follows the same one. */
function inTurn<T>(items: readonly T[], cycle: number): T[] {
  const start = cycle % items.length;
  const turned = [...items.slice(start), ...items.slice(0, start)];
  return cycle % 2 === 0 ? turned : turned.toReversed();
}
