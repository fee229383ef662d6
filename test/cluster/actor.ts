import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A process that carries out verbs, one after the other or at once. */
export interface Actor {
  readonly pid: number;
  ask<T>(verb: string, given?: object): Promise<T>;
  /** Called with what it tells by itself. */
  onTold(listener: (told: { readonly told: string; readonly at: number }) => void): void;
  signal(name: NodeJS.Signals): void;
  readonly isAlive: boolean;
  stop(): Promise<void>;
}

interface Reply {
  readonly id?: number;
  readonly answer?: unknown;
  readonly error?: string;
  readonly told?: string;
  readonly at?: number;
}

export function startActor(program: "node.mjs" | "load.mjs"): Actor {
  const { NODE_TEST_CONTEXT: _test, NODE_OPTIONS: _options, ...env } = process.env;
  const file = fileURLToPath(new URL(program, import.meta.url));
  const child: ChildProcess = fork(file, [], {
    env: { ...env, NODE_ENV: "production" },
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const listeners = new Set<(told: { told: string; at: number }) => void>();
  let count = 0;
  child.on("message", ({ id, answer, error, told, at }: Reply) => {
    if (told !== undefined) for (const listener of listeners) listener({ told, at: at as number });
    const asked = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || !asked) return;
    waiting.delete(id);
    if (error === undefined) asked.resolve(answer);
    else asked.reject(new Error(error));
  });
  const closed = new Promise<void>((resolve) =>
    child.once("close", () => {
      for (const { reject } of waiting.values()) reject(new Error(`${program} has ended`));
      waiting.clear();
      resolve();
    }),
  );
  return {
    pid: child.pid as number,
    ask: <T>(verb: string, given: object = {}) =>
      new Promise<T>((resolve, reject) => {
        const id = ++count;
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
        child.send({ id, verb, ...given });
      }),
    onTold: (listener) => void listeners.add(listener),
    signal: (name) => void child.kill(name),
    get isAlive() {
      return child.exitCode === null && child.signalCode === null;
    },
    stop: async () => {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await closed;
    },
  };
}
