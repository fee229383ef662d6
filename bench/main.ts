import { parseArgs } from "node:util";
import type { Benchmark } from "./benchmark.js";

const USAGE_EXIT_CODE = 2;
const MIN_SECONDS = 60;
const MAX_SECONDS = 600;

const BENCHMARKS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Benchmark> }>> = {
  engine: {
    summary: "how fast migrations are applied, beside knex, umzug and the bare statements",
    load: async () => (await import("./engine/benchmark.js")).engineBenchmark,
  },
  backfill: {
    summary: "how fast a backfill is, by a single UPDATE, and how long it holds its locks",
    load: async () => (await import("./backfill/benchmark.js")).backfillBenchmark,
  },
  backup: {
    summary: "how fast backups are made, proven and restored, beside the tools that do it, and in how much memory",
    load: async () => (await import("./backup/benchmark.js")).backupBenchmark,
  },
  guard: {
    summary: "what the guard costs a request, how fast nodes close and open, and what a waiting crowd costs",
    load: async () => (await import("./guard/benchmark.js")).guardBenchmark,
  },
  import: {
    summary: "what importing upgate adds to a program's start",
    load: async () => (await import("./import/benchmark.js")).importBenchmark,
  },
  integrity: {
    summary: "how fast the files of a sealed release are compared, beside sha256sum, and how long the event loop is held",
    load: async () => (await import("./integrity/benchmark.js")).integrityBenchmark,
  },
  plan: {
    summary: "how fast 10,000 migrations are planned",
    load: async () => (await import("./plan/benchmark.js")).planBenchmark,
  },
};

async function main(): Promise<void> {
  const { name, json, ...options } = readArguments();
  const benchmark = await (BENCHMARKS[name] as (typeof BENCHMARKS)[string]).load();
  const { figures, text } = await benchmark({ ...options, say: (line) => void process.stderr.write(`${line}\n`) });
  console.log(json ? JSON.stringify(figures, null, 2) : text);
}

function readArguments(): { name: string; json: boolean; quick: boolean; seconds: number | null } {
  const { values, positionals } = parse();
  const [name = "", ...rest] = positionals;
  if (rest.length > 0 || !Object.hasOwn(BENCHMARKS, name))
    refuse(name === "" ? "Which benchmark?" : `There is no benchmark "${positionals.join(" ")}".`);
  const seconds = values.seconds === undefined ? null : Number(values.seconds);
  if (seconds !== null && !(seconds >= MIN_SECONDS && seconds <= MAX_SECONDS)) refuse(`--seconds takes ${MIN_SECONDS} to ${MAX_SECONDS}.`);
  return { name, json: values.json, quick: values.quick, seconds };
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false }, seconds: { type: "string" } },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(problem: string): never {
  const names = Object.entries(BENCHMARKS).map(([name, { summary }]) => `  ${name.padEnd(9)}   ${summary}`);
  console.error(`${problem}\n\nnpm run bench -- <name> [--json] [--seconds N] [--quick]\n\n${names.join("\n")}`);
  process.exit(USAGE_EXIT_CODE);
}

try {
  await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
