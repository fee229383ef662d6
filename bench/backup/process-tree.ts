import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { Scratch } from "../scratch.js";

const SAMPLE_EVERY_MS = 100;
const TAIL_CHARACTERS = 2000;

export interface ProcessTree {
  readonly file: string;
  readonly args: readonly string[];
  /** Ended after this time, ms. */
  readonly limitMs?: number;
}

export interface TreeRun {
  /** From start to exit. */
  readonly ms: number;
  /** The most that the process and its descendants, each at its own most, have had in memory at the same time, bytes. */
  readonly treePeak: number;
  readonly stdout: string;
}

/** Runs a process to its end. Rejects unless it ends well, with what it has said on stderr. */
export async function runTree({ file, args, limitMs }: ProcessTree, scratch: Scratch): Promise<TreeRun> {
  const startMs = performance.now();
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_ENV: "production", NODE_OPTIONS: "", LC_ALL: "C" },
    ...(limitMs === undefined ? {} : { timeout: limitMs, killSignal: "SIGKILL" as const }),
  });
  scratch.adopt(child);
  let [stdout, stderr, treePeak] = ["", "", 0];
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr = (stderr + text.toString()).slice(-TAIL_CHARACTERS)));
  const sampler = setInterval(() => (treePeak = Math.max(treePeak, peakOfTree(child.pid as number))), SAMPLE_EVERY_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        if (code === 0) resolve();
        else if (limitMs !== undefined && performance.now() - startMs >= limitMs) reject(new Error(`not done after ${limitMs / 1000} s`));
        else reject(new Error(`${file} ended with ${signal ?? `exit code ${code}`}: ${stderr.trim()}`));
      });
    });
    return { ms: performance.now() - startMs, treePeak, stdout };
  } finally {
    clearInterval(sampler);
  }
}

function peakOfTree(root: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    // The second field is the program's name in brackets, with whatever is in it.
    if (Number.isInteger(pid)) parents.set(pid, Number(/^.*\) \S (\d+)/s.exec(readProc(pid, "stat"))?.[1] ?? 0));
  }
  const isOfTree = (pid: number): boolean => {
    for (let at: number | undefined = pid; at; at = parents.get(at)) if (at === root) return true;
    return false;
  };
  const peakOf = (pid: number): number => Number(/^VmHWM:\s+(\d+) kB/m.exec(readProc(pid, "status"))?.[1] ?? 0) * 1024;
  return [...parents.keys()].filter(isOfTree).reduce((sum, pid) => sum + peakOf(pid), 0);
}

/** Empty for a process that has ended meanwhile. */
function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
