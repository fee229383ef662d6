import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** As it is built: a verb starts in a third of the time that a loader of TypeScript takes. test/run.sh builds first. */
const CLI = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const LIMIT_MS = 60_000;

export interface CliAnswer {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  /** Besides this process's own; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A verb under way. */
export interface RunningCli {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly output: () => Pick<CliAnswer, "stdout" | "stderr">;
  readonly ended: Promise<CliAnswer>;
}

/** Starts `upgate <args>` as a process of its own, without a terminal. */
export function startCli(args: readonly string[], { cwd, env = {} }: CliOptions): RunningCli {
  const { FORCE_COLOR: _force, NO_COLOR: _no, UPGATE_INSTALL_KEY: _key, NODE_TEST_CONTEXT: _test, ...inherited } = process.env;
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (text: string) => (printed[name] += text));
  const ended = new Promise<CliAnswer>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, ...printed }));
  });
  return { child, output: () => ({ ...printed }), ended };
}

/** Runs `upgate <args>` to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliAnswer> {
  return startCli(args, options).ended;
}

/** With `--json`: the one object on stdout. */
export async function runCliJson<T>(args: readonly string[], options: CliOptions): Promise<CliAnswer & { readonly json: T }> {
  const answer = await runCli([...args, "--json"], options);
  try {
    return { ...answer, json: JSON.parse(answer.stdout) as T };
  } catch (cause) {
    throw new Error(`upgate ${args.join(" ")} --json printed no JSON (exit code ${answer.code}):\n${answer.stdout}\n${answer.stderr}`, {
      cause,
    });
  }
}

/** On a terminal of its own, by util-linux's script(1): one answer for each question. */
export function cliOnTerminal(
  args: readonly string[],
  answers: readonly string[],
  cwd: string,
): Promise<{ readonly code: number | null; readonly screen: string }> {
  // Node takes a terminal on a CI machine for one without colours.
  const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
  const child = spawn("script", ["-qefc", [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(" "), "/dev/null"], {
    cwd,
    env: { ...env, TERM: "xterm-256color" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let screen = "";
  let answered = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    for (; answered < screen.split("[y/N]").length - 1; answered++) child.stdin.write(`${answers[answered]}\r`);
    // script stays as long as somebody could type.
    if (answered === answers.length) child.stdin.end();
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, screen })));
}

/** Those that answer with one object and change nothing. */
export const READING = ["status", "plan", "unlock", "repair", "key", "history", "audit", "doctor", "report"];

/** Members of the verbs' objects that the tests look at. */
export interface Answers {
  readonly state: { readonly kind: string; readonly reason: string };
  readonly migrations: { readonly name: string; readonly version: string; readonly status: string; readonly statements?: number }[];
  readonly warnings: { readonly kind: string; readonly name: string }[];
  readonly runs: { readonly id: string; readonly status: string; readonly toVersion: string }[];
  readonly groups: {
    readonly title: string;
    readonly checks: { readonly id: string; readonly severity: string; readonly message: string; readonly blocking?: boolean }[];
  }[];
  readonly error: { readonly code: string; readonly message: string };
  readonly [name: string]: unknown;
}

export function assertPlain({ stdout, stderr }: CliAnswer): void {
  assert.doesNotMatch(stdout + stderr, new RegExp(String.fromCharCode(27)), "no colour codes");
}
