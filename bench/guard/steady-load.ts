// A process of its own: an application's daily load, at a steady rate whatever the answers take.
import { quantile } from "../statistics.js";
import { answerVerbs } from "./child-verbs.js";
import { KeptConnection, requestOf } from "./kept-connection.js";
import { machineMs } from "./machine-clock.js";

const TICK_MS = 1;
/** More than these don't wait at the server but here; their time counts all the same. */
const MAX_CONNECTIONS = 256;

export interface LoadReport {
  /** Requests a second that got the application. */
  readonly answeredPerSecond: number;
  /** Those that got another answer or none. */
  readonly failed: number;
  /** From the moment at which a request was due to its answer, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Answered {
  readonly atMs: number;
  readonly latencyMs: number;
  readonly isOk: boolean;
}

const answered: Answered[] = [];
const idle: KeptConnection[] = [];
/** When each of those that wait for a connection was due. */
const waiting: number[] = [];
let connections = 0;
let timer: NodeJS.Timeout | undefined;

async function send(port: number, request: Buffer, dueMs: number): Promise<void> {
  const connection = idle.pop() ?? (connections < MAX_CONNECTIONS ? open(port) : null);
  if (!connection) return void waiting.push(dueMs);
  for (let due: number | undefined = dueMs; due !== undefined; due = waiting.shift()) {
    const status = await connection.ask(request, true).then(
      (answer) => answer.status,
      () => 0,
    );
    const atMs = machineMs();
    answered.push({ atMs, latencyMs: atMs - due, isOk: status === 200 });
  }
  idle.push(connection);
}

function open(port: number): KeptConnection {
  connections += 1;
  return new KeptConnection(port);
}

answerVerbs({
  begin: ({ port, rate }: { readonly port: number; readonly rate: number }) => {
    const request = requestOf("GET", port, "text/html");
    const beganMs = machineMs();
    let sent = 0;
    timer = setInterval(() => {
      for (const now = machineMs(); beganMs + (sent * 1000) / rate <= now; sent += 1)
        void send(port, request, beganMs + (sent * 1000) / rate);
    }, TICK_MS);
    return { beganMs };
  },
  /** Of the answers from `fromMs` on and before `toMs`. */
  report: ({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): LoadReport => {
    const within = answered.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    const ok = within.filter(({ isOk }) => isOk).map(({ latencyMs }) => latencyMs);
    return {
      answeredPerSecond: (ok.length * 1000) / (toMs - fromMs),
      failed: within.length - ok.length,
      p50Ms: quantile(ok, 0.5),
      p99Ms: quantile(ok, 0.99),
    };
  },
  end: () => clearInterval(timer),
});
