import type { Scratch } from "../scratch.js";
import { Child } from "./child.js";
import { LoadClient } from "./load-client.js";
import type { Site } from "./site.js";
import { type Variant, VARIANTS, type VariantName } from "./variants.js";

const CONNECTIONS = 16;

export interface Sample {
  readonly requestsPerSecond: number;
  /** CPU time of the server's process for one request, microseconds. */
  readonly cpuUs: number;
}

/** A variant, with the process that serves it and the connections that load it. */
export class LoadedServer {
  private constructor(
    readonly name: VariantName,
    private readonly child: Child,
    private readonly client: LoadClient,
  ) {}

  /** `names`: served by one process, one after the other in the answer. */
  static async start(names: readonly VariantName[], site: Site, scratch: Scratch): Promise<LoadedServer[]> {
    const child = Child.start("server", [JSON.stringify(names), JSON.stringify(site)], scratch);
    const { ports } = await child.ask<{ ports: number[] }>("listen");
    return Promise.all(
      names.map(async (name, index) => {
        const port = ports[index] as number;
        await verify(VARIANTS[name], port);
        const client = await LoadClient.connect({ port, connections: CONNECTIONS, status: statusOf(VARIANTS[name]) });
        return new LoadedServer(name, child, client);
      }),
    );
  }

  async measure(durationMs: number): Promise<Sample> {
    const before = await this.#cpuUs();
    const { responses, elapsedMs } = await this.client.load(durationMs);
    const cpuUs = (await this.#cpuUs()) - before;
    return { requestsPerSecond: (responses * 1000) / elapsedMs, cpuUs: cpuUs / responses };
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.child.stop();
  }

  async #cpuUs(): Promise<number> {
    return (await this.child.ask<{ cpuUs: number }>("cpu")).cpuUs;
  }
}

function statusOf({ gate }: Variant): number {
  return gate === "open" ? 200 : 503;
}

/** That the variant answers what it is here for. */
async function verify(variant: Variant, port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { accept: "text/html" } });
  const body = await response.text();
  const expected = variant.gate === "open" ? "Hello World" : "Down for Maintenance";
  if (response.status !== statusOf(variant) || !body.includes(expected))
    throw new Error(`${variant.label} answers ${response.status}: ${body.slice(0, 200)}`);
}
