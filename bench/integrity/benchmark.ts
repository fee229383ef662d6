import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Benchmark } from "../benchmark.js";
import { Scratch } from "../scratch.js";
import { type BenchRelease, makeRelease } from "./release-files.js";
import { figuresOf, type Round, textOf } from "./report.js";

const FILES = 20_000;
const BYTES = 500_000_000;
const DEFAULT_SECONDS = 60;
const QUICK_ROUNDS = 2;
/** The first ones read the files from the disk. */
const WARM_UP_ROUNDS = 1;
/** Two, as upgate has threads; a call of sha256sum for as many files as make good use of both. */
const AT_ONCE = 2;
const FILES_A_CALL = 500;

const PROGRAM = fileURLToPath(new URL("program.mjs", import.meta.url));
const run = promisify(execFile);

export const integrityBenchmark: Benchmark = async ({ seconds, quick, say }) => {
  const startedAt = new Date();
  const scratch = new Scratch();
  try {
    say(`${FILES} files, ${BYTES / 1e6} MB`);
    const release = makeRelease(scratch.folder, FILES, BYTES);
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) await measureRound(round, release);
    say(quick ? `${QUICK_ROUNDS} rounds` : `rounds for ${seconds ?? DEFAULT_SECONDS} s`);
    const rounds: Round[] = [];
    const deadlineMs = performance.now() + (seconds ?? DEFAULT_SECONDS) * 1000;
    for (let round = 0; quick ? round < QUICK_ROUNDS : performance.now() < deadlineMs; round += 1)
      rounds.push(await measureRound(round, release));
    const figures = figuresOf({ startedAt, quick, files: FILES, bytes: release.bytes, cpus: availableParallelism(), rounds });
    return { figures, text: textOf(figures) };
  } finally {
    await scratch.clear();
  }
};

/** Each once, in the other order each time: none always follows the same one. */
async function measureRound(round: number, release: BenchRelease): Promise<Round> {
  const measured: Partial<Round> = {};
  const contenders = [
    async () => Object.assign(measured, await compareByUpgate(release)),
    async () => Object.assign(measured, { plainMs: await sum(release, []) }),
    async () => Object.assign(measured, { parallelMs: await sum(release, [`-P${AT_ONCE}`, `-n${FILES_A_CALL}`]) }),
  ];
  for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) await contender();
  return measured as Round;
}

async function compareByUpgate({ manifest, publicKey }: BenchRelease): Promise<Omit<Round, "plainMs" | "parallelMs">> {
  const { stdout } = await run(process.execPath, [PROGRAM, manifest, publicKey], {
    env: { ...process.env, NODE_ENV: "production", NODE_OPTIONS: "" },
  });
  const { listed, wrong, signature, first, again, idle } = JSON.parse(stdout);
  if (listed !== FILES || wrong !== 0 || signature !== "valid")
    throw new Error(`${listed} files, ${wrong} of them wrong, the signature ${signature}`);
  return { first, again, idle };
}

/** By coreutils: the same files with the same page cache, their sums thrown away. */
async function sum({ manifest, list }: BenchRelease, parallel: readonly string[]): Promise<number> {
  const startMs = performance.now();
  await run("xargs", ["-0", "-a", list, ...parallel, "sha256sum"], { cwd: path.dirname(manifest), maxBuffer: 64 * 1024 * 1024 });
  return performance.now() - startMs;
}
