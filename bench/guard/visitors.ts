// A process of its own: a crowd of visitors, each with a page of its own, who come to a closed site and wait until it is back.
import { answerVerbs, tell } from "./child-verbs.js";
import { KeptConnection } from "./kept-connection.js";
import { machineMs } from "./machine-clock.js";
import { Page, type Return, type Visits } from "./page.js";

/** A listening socket's queue is short: more at once would wait for the kernel's second try. */
const CONNECTS_AT_ONCE = 100;

const visits: Visits = { looks: [], returns: [], failures: {} };
const connections: KeptConnection[] = [];
let port = 0;

answerVerbs({
  connect: async (given: { readonly port: number; readonly visitors: number }) => {
    ({ port } = given);
    while (connections.length < given.visitors) {
      const more = Array.from({ length: Math.min(CONNECTS_AT_ONCE, given.visitors - connections.length) }, () => new KeptConnection(port));
      await Promise.all(more.map((connection) => connection.connect()));
      connections.push(...more);
    }
  },
  /** `withinMs`: each at a random moment of that time; 0: all at once. */
  come: ({ how, withinMs }: { readonly how: Return; readonly withinMs: number }) => {
    let waiting = connections.length;
    const back = (): void => {
      waiting -= 1;
      if (waiting === 0) tell("back", machineMs());
    };
    for (const connection of connections) {
      const page = new Page(connection, port, how, visits, back);
      if (withinMs === 0) void page.load();
      else setTimeout(() => void page.load(), Math.random() * withinMs);
    }
  },
  visits: () => visits,
});
