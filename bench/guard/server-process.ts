import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Scratch } from "../scratch.js";
import { LoadClient } from "./load-client.js";
import type { Site } from "./site.js";
import { type Variant, VARIANTS, type VariantName } from "./variants.js";

const SERVER = fileURLToPath(new URL("./server.ts", import.meta.url));
const ANSWER_TIMEOUT_MS = 30_000;
const CONNECTIONS = 16;

export interface Sample {
  readonly requestsPerSecond: number;
  /** CPU time of the server's process for one request, microseconds. */
  readonly cpuUs: number;
}

/** One variant in a process of its own, with the connections that load it. */
export class ServerProcess {
  private constructor(
    readonly name: VariantName,
    private readonly child: ChildProcess,
    private readonly client: LoadClient,
  ) {}

  static async start(name: VariantName, site: Site, scratch: Scratch): Promise<ServerProcess> {
    const child = fork(SERVER, [name, JSON.stringify(site)], {
      env: { ...process.env, NODE_ENV: "production" },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    scratch.adopt(child);
    const { port } = await nextMessage<{ port: number }>(child);
    await verify(VARIANTS[name], port);
    const client = await LoadClient.connect({ port, connections: CONNECTIONS, status: statusOf(VARIANTS[name]) });
    return new ServerProcess(name, child, client);
  }

  async measure(durationMs: number): Promise<Sample> {
    const before = await this.#cpuUs();
    const { responses, elapsedMs } = await this.client.load(durationMs);
    const cpuUs = (await this.#cpuUs()) - before;
    return { requestsPerSecond: (responses * 1000) / elapsedMs, cpuUs: cpuUs / responses };
  }

  async stop(): Promise<void> {
    this.client.close();
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.disconnect();
    await ended;
  }

  async #cpuUs(): Promise<number> {
    const answer = nextMessage<{ cpuUs: number }>(this.child);
    this.child.send("cpu");
    return (await answer).cpuUs;
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

function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      child.off("message", onMessage).off("exit", onExit);
      act();
    };
    const onMessage = (message: unknown): void => settle(() => resolve(message as T));
    const onExit = (code: number | null): void => settle(() => reject(new Error(`a server of the benchmark ended, exit code ${code}`)));
    const timer = setTimeout(() => settle(() => reject(new Error("a server of the benchmark does not answer"))), ANSWER_TIMEOUT_MS);
    child.on("message", onMessage).on("exit", onExit);
  });
}
