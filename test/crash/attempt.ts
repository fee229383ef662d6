import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RunError } from "../../src/core/run.js";
import type { Dialect } from "../../src/store/connect.js";
import type { UpgradeOptionsOnDisk } from "./chapter.js";

const CHILD = fileURLToPath(new URL("./child.mjs", import.meta.url));
const LIMIT_MS = 120_000;
/** Tells the driver; never connected to. */
const ANY_ADDRESS: Readonly<Record<Dialect, string>> = { mysql: "mysql://127.0.0.1/none", sqlite: "sqlite::memory:" };

/** What a runner's process is told. */
export interface Task {
  readonly options: UpgradeOptionsOnDisk;
  /** Where moments and outside effects are noted; one for all attempts on a database. */
  readonly log: string;
  /** The number of the moment at which it dies; null: none. */
  readonly killAt: number | null;
  /** The number of the moment at which it stops itself by SIGSTOP. */
  readonly haltAt?: number;
  /** A command that it runs just before it dies. */
  readonly before?: readonly string[];
  readonly inDoubt?: "applied" | "again";
}

/** How an attempt ended. */
export type Ending =
  | { readonly kind: "killed" }
  | {
      readonly kind: "ended";
      readonly status: string;
      readonly error: RunError | null;
      readonly moments: number;
      /** What it logged as warnings and errors. */
      readonly lines: readonly string[];
    }
  | { readonly kind: "broken"; readonly output: string };

/** A process that carries runs on: start, resume or retry, as the state asks for; one task after the other while it lives. */
export interface Runner {
  readonly pid: number;
  /** False once it is dead. */
  isAlive(): boolean;
  carryOn(task: Task): Promise<Ending>;
  signal(name: NodeJS.Signals): void;
}

/** Resolves when the process is ready for its first task. */
export async function startRunner(dialect: Dialect): Promise<Runner> {
  const { NODE_TEST_CONTEXT: _test, NODE_OPTIONS: _options, ...env } = process.env;
  const child = fork(CHILD, [ANY_ADDRESS[dialect]], { env, execArgv: [], stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  await new Promise<void>((resolve, reject) => {
    child.once("message", () => resolve());
    child.once("close", (code) => reject(new Error(`The runner's process ended with ${code}: ${output}`)));
  });
  return {
    pid: child.pid as number,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    carryOn: (task) => carryOn(child, task, () => output),
    signal: (name) => void child.kill(name),
  };
}

function carryOn(child: ChildProcess, task: Task, output: () => string): Promise<Ending> {
  return new Promise((resolve) => {
    let hung = false;
    const limit = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, LIMIT_MS);
    const settle = (ending: Ending): void => {
      clearTimeout(limit);
      child.off("message", settle).off("close", onClose);
      resolve(ending);
    };
    const onClose = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (hung) settle({ kind: "broken", output: `still running after ${LIMIT_MS} ms. ${output()}` });
      else settle(signal === "SIGKILL" ? { kind: "killed" } : { kind: "broken", output: `exit code ${code}. ${output()}` });
    };
    child.once("message", settle).once("close", onClose);
    child.send(task);
  });
}

/**
 * Keeps processes ready: starting one takes longer than most of what it has to do. Those that go on with others' runs do so
 * again and again; those that are to die are fresh, and their successors start while they work.
 */
export class Runners {
  readonly #idle: Runner[] = [];
  readonly #spare: Promise<Runner>[] = [];
  readonly #all = new Set<Runner>();

  constructor(
    private readonly dialect: Dialect,
    /** Fresh ones that are held ready. */
    private readonly spares = 0,
  ) {}

  async carryOn(task: Task): Promise<Ending> {
    const runner = this.#idle.pop() ?? (await this.#start());
    const ending = await runner.carryOn(task);
    if (runner.isAlive()) this.#idle.push(runner);
    return ending;
  }

  /** One that has done nothing yet. */
  fresh(): Promise<Runner> {
    while (this.#spare.length <= this.spares) this.#spare.push(this.#start());
    return this.#spare.shift() as Promise<Runner>;
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#spare);
    for (const runner of this.#all) runner.signal("SIGKILL");
  }

  async #start(): Promise<Runner> {
    const runner = await startRunner(this.dialect);
    this.#all.add(runner);
    return runner;
  }
}
