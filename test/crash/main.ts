import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { sweep } from "./sweep.js";
import { openTarget, TARGET_NAMES, type TargetName } from "./targets.js";

const USAGE = `npm run test:crash [-- ${TARGET_NAMES.join(" ")}] [--sample N] [--seed N] [--jobs N] [--chapter X] [--no-scenes]

Kills real runners by SIGKILL at every moment at which it can matter, lets another process go on, and compares with what plain
knex makes of the same migrations. Default: sqlite and mariadb, and the scenes in test/crash/*.test.ts.
  --sample N   N moments for each database, spread evenly and by chance
  --seed N     for the choice by chance (default: 1)
  --jobs N     trials at the same time (default: 2)
  --chapter X  only the chapter of that name, as they are told at the beginning
mysql: UPGATE_TEST_MYSQL_URL=mysql://root@127.0.0.1:3306/
galera: UPGATE_TEST_GALERA_URLS=<three addresses, with commas>; UPGATE_TEST_GALERA_TOOL=<a program with the verbs "kill N", "revive N">`;
const USAGE_EXIT_CODE = 2;

async function main(): Promise<void> {
  const { targets, scenes, ...options } = readArguments();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  let lostInAll = 0;
  const lines: string[] = [];
  for (const name of targets) {
    const beganMs = performance.now();
    const target = await openTarget(name);
    try {
      const { points, lost, asked } = await sweep(target, { ...options, say });
      const seconds = Math.round((performance.now() - beganMs) / 1000);
      lines.push(
        `${name.padEnd(8)} ${points} points   ${lost.length} lost   ${asked} asked   ${seconds} s`,
        ...lost.map((line) => `  ${line}`),
      );
      lostInAll += lost.length;
    } finally {
      await target.stop();
    }
  }
  for (const line of lines) console.log(line);
  if (lostInAll > 0) process.exitCode = 1;
  if (scenes && !(await runScenes())) process.exitCode = 1;
}

interface Arguments {
  readonly targets: readonly TargetName[];
  readonly scenes: boolean;
  readonly sample: number | null;
  readonly seed: number;
  readonly jobs: number;
  readonly chapter: string | null;
}

function readArguments(): Arguments {
  const { values, positionals } = parse();
  const unknown = positionals.filter((name) => !TARGET_NAMES.includes(name as TargetName));
  if (unknown.length > 0) refuse(`There is no database "${unknown.join(" ")}".`);
  const whole = (name: string, text: string): number =>
    /^[1-9]\d*$/.test(text) ? Number(text) : refuse(`--${name} takes a whole number.`);
  return {
    targets: positionals.length > 0 ? (positionals as TargetName[]) : ["sqlite", "mariadb"],
    scenes: !values["no-scenes"],
    sample: values.sample === undefined ? null : whole("sample", values.sample),
    seed: whole("seed", values.seed),
    jobs: whole("jobs", values.jobs),
    chapter: values.chapter ?? null,
  };
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        sample: { type: "string" },
        seed: { type: "string", default: "1" },
        jobs: { type: "string", default: "2" },
        chapter: { type: "string" },
        "no-scenes": { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(problem: string): never {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(USAGE_EXIT_CODE);
}

function runScenes(): Promise<boolean> {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
  const args = [
    "--import",
    "tsx",
    "--test",
    "--test-concurrency=1",
    "--test-reporter=spec",
    ...files.map((name) => path.join(folder, name)),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: "inherit" });
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0));
  });
}

await main();
