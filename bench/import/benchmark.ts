import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Benchmark } from "../benchmark.js";
import { Scratch } from "../scratch.js";
import { PROGRAM_NAMES, type ProgramName, PROGRAMS, type Run, type Runs } from "./programs.js";
import { figuresOf, textOf } from "./report.js";

const DEFAULT_SECONDS = 90;
const QUICK_ROUNDS = 5;
/** The first processes read the files from the disk. */
const WARM_UP_ROUNDS = 2;

const PROGRAM = fileURLToPath(new URL("program.mjs", import.meta.url));
const run = promisify(execFile);

export const importBenchmark: Benchmark = async ({ seconds, quick, say }) => {
  const startedAt = new Date();
  const scratch = new Scratch();
  const migrations = path.join(scratch.folder, "migrations");
  mkdirSync(migrations);
  const args = [`sqlite:${path.join(scratch.folder, "site.db")}`, migrations];
  const runs: Runs = { host: [], control: [], imports: [], creates: [] };
  try {
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) await measureRound(round, args);
    say(quick ? `${QUICK_ROUNDS} rounds` : `rounds for ${seconds ?? DEFAULT_SECONDS} s`);
    const deadlineMs = performance.now() + (seconds ?? DEFAULT_SECONDS) * 1000;
    const isOver = (round: number): boolean => (quick ? round >= QUICK_ROUNDS : performance.now() > deadlineMs);
    for (let round = 0; !isOver(round); round += 1)
      for (const [name, measured] of await measureRound(round, args)) runs[name].push(measured);
    const figures = figuresOf({ startedAt, quick, runs });
    return { figures, text: textOf(figures) };
  } finally {
    await scratch.clear();
  }
};

/** Each program once, another one first each time: no program always follows the same one. */
async function measureRound(round: number, args: readonly string[]): Promise<[ProgramName, Run][]> {
  const first = round % PROGRAM_NAMES.length;
  const turned = [...PROGRAM_NAMES.slice(first), ...PROGRAM_NAMES.slice(0, first)];
  const measured: [ProgramName, Run][] = [];
  for (const name of round % 2 === 0 ? turned : turned.toReversed()) {
    const { packages, creates } = PROGRAMS[name];
    const startMs = performance.now();
    const { stdout } = await run(process.execPath, [PROGRAM, packages.join(","), ...(creates ? args : [])], {
      env: { ...process.env, NODE_ENV: "production", NODE_OPTIONS: "" },
    });
    measured.push([name, { ms: performance.now() - startMs, cpuMs: Number(stdout) / 1000 }]);
  }
  return measured;
}
