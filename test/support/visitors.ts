import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "./wait.js";

export interface Visitors {
  /** What they were answered, each change once: `release 1.0.0`, `Err3`, or what the balancer said. */
  readonly seen: readonly string[];
  /** From the very beginning. */
  readonly ever: ReadonlySet<string>;
  /** Forgets what was seen. Resolves when requests sent before are answered. */
  anew(): Promise<void>;
  stop(): Promise<void>;
}

/** Ask for the front page all the time, four at once. */
export function startVisitors(server: Pick<Server, "address">): Visitors {
  const { port } = server.address() as AddressInfo;
  const over = new AbortController();
  let rounds = 0;
  const seen: string[] = [];
  const ever = new Set<string>();
  const one = async (): Promise<void> => {
    for (let began = 0; !over.signal.aborted; rounds++) {
      began = rounds;
      const answer = await visit(port);
      ever.add(answer);
      if (seen.at(-1) !== answer && began >= forgottenAt) seen.push(answer);
      await pause(10);
    }
  };
  let forgottenAt = 0;
  const visitors = Promise.all(Array.from({ length: 4 }, one));
  return {
    seen,
    ever,
    anew: async () => {
      forgottenAt = rounds + 1;
      seen.length = 0;
      await until("visitors to come again", () => rounds > forgottenAt + 20);
    },
    stop: async () => {
      over.abort();
      await visitors;
    },
  };
}

async function visit(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { accept: "text/html" } }).catch((error: Error) => error);
  if (answer instanceof Error) return `no answer: ${answer.message}`;
  const text = await answer.text();
  return answer.headers.get("upgate-maintenance") ?? (answer.status === 200 ? text : `${answer.status} ${text}`);
}
