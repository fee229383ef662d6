import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Handler } from "../../src/index.js";
import { type Estimate, estimate } from "../statistics.js";
import { openSite, type Site } from "./site.js";

const CALLS = 50_000;
const WARM_UP_BLOCKS = 20;

export interface PassPathFigures {
  /** Nanoseconds of a call above a call of an empty middleware. */
  readonly guard: Estimate;
  /** For a path as long as a probe's: the guard then has to compare. */
  readonly probeLength: Estimate;
  /** An empty middleware above the other one. */
  readonly control: Estimate;
}

/** What one call of the guard costs in this process while the gate is open. Blocks of calls, alternating. */
export async function measurePassPath(site: Site, blocks: number): Promise<PassPathFigures> {
  const upgate = await openSite(site);
  try {
    const guard = upgate.guard();
    const empty: Handler = (_req, _res, next) => next();
    const emptyAgain: Handler = (_req, _res, next) => next();
    const order = requestOn("/orders/4711?page=2");
    const asLongAsProbe = requestOn("/customers/47");
    const guards: number[] = [];
    const probeLengths: number[] = [];
    const controls: number[] = [];
    for (let block = -WARM_UP_BLOCKS; block < blocks; block += 1) {
      const base = nsPerCall(empty, order);
      const control = nsPerCall(emptyAgain, order) - base;
      const passed = nsPerCall(guard, order) - base;
      const compared = nsPerCall(guard, asLongAsProbe) - base;
      if (block >= 0) {
        guards.push(passed);
        probeLengths.push(compared);
        controls.push(control);
      }
      await nextTurn();
    }
    return { guard: estimate(guards), probeLength: estimate(probeLengths), control: estimate(controls) };
  } finally {
    await upgate.close();
  }
}

/** What the guard looks at; on a connection of its own, used again and again. */
function requestOn(url: string): IncomingMessage {
  return { url, httpVersionMajor: 1, socket: new EventEmitter() as unknown } as IncomingMessage;
}

/** One call site for all handlers, as in a router: a loop of its own for each would be inlined and measure nothing. */
function nsPerCall(handler: Handler, req: IncomingMessage): number {
  const res = { writableEnded: true, writableFinished: true } as ServerResponse;
  let passed = 0;
  const next = (): void => void (passed += 1);
  const startMs = performance.now();
  for (let call = 0; call < CALLS; call += 1) handler(req, res, next);
  const elapsedMs = performance.now() - startMs;
  if (passed !== CALLS) throw new Error("the guard did not let every call pass");
  return (elapsedMs * 1e6) / CALLS;
}
