import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startMariaDb, type TestServer } from "../../test/support/mariadb.js";
import type { Benchmark } from "../benchmark.js";
import { Scratch } from "../scratch.js";
import { CASE_NAMES, type CaseName, CASES, writeEarlier, writeMigrations } from "./cases.js";
import { type Contender, CONTENDER_NAMES, type Run, type Runs } from "./contenders.js";
import { countQueries, fingerprint, migrationsMs, recordStatements, serverVersion, withDatabase } from "./database.js";
import { figuresOf, textOf } from "./report.js";

const MIN_ROUNDS = 5;
const QUICK_ROUNDS = 2;
const QUICK_MIGRATIONS = 60;
const DATABASE = "bench_engine";
/** The end of the connection that counted first, and the second count itself. */
const COUNTING_QUERIES = 2;

const PROGRAM = fileURLToPath(new URL("program.mjs", import.meta.url));
const run = promisify(execFile);

interface Release {
  readonly version: string;
  readonly folder: string;
  readonly statementsFile: string;
  readonly statements: number;
}

interface Prepared {
  readonly name: CaseName;
  readonly release: Release;
  /** Applied beforehand. */
  readonly earlier: Release | null;
  readonly migrations: number;
  readonly statements: number;
  /** Of the database that the migrations must leave behind. */
  readonly expected: string;
  readonly runs: Runs;
}

export const engineBenchmark: Benchmark = async ({ seconds, quick, say }) => {
  const startedAt = new Date();
  const scratch = new Scratch();
  const server = await startMariaDb({ settings: [], onStart: (child) => scratch.adopt(child) });
  try {
    const cases: Prepared[] = [];
    for (const name of CASE_NAMES) cases.push(await prepare(server, name, scratch.folder, quick ? QUICK_MIGRATIONS : Infinity));
    const deadlineMs = quick ? 0 : performance.now() + (seconds ?? 0) * 1000;
    const rounds = quick ? QUICK_ROUNDS : MIN_ROUNDS;
    for (let round = 0; round < rounds || performance.now() < deadlineMs; round += 1) {
      say(`round ${round + 1}`);
      for (const prepared of cases) await measureRound(server, prepared, round);
    }
    const figures = figuresOf({ startedAt, quick, server: await serverVersion(server.url("")), cases });
    return { figures, text: textOf(figures) };
  } finally {
    await server.stop();
    await scratch.clear();
  }
};

async function prepare(server: TestServer, name: CaseName, scratch: string, limit: number): Promise<Prepared> {
  const folders = { earlier: path.join(scratch, name, "earlier"), release: path.join(scratch, name, "migrations") };
  const hasEarlier = writeEarlier(name, folders.earlier);
  writeMigrations(name, folders.release, limit);
  return withDatabase(server.url(""), DATABASE, async () => {
    const record = async (version: string, folder: string, before: Release | null): Promise<Release> => {
      const statements = await recordStatements(server.url(DATABASE), folder, before?.folder ?? null);
      const statementsFile = `${folder}.json`;
      writeFileSync(statementsFile, JSON.stringify(statements));
      return { version, folder, statementsFile, statements: statements.length };
    };
    const earlier = hasEarlier ? await record("0.9.0", folders.earlier, null) : null;
    const release = await record("1.0.0", folders.release, earlier);
    const expected = await fingerprint(server.url(DATABASE));
    const runs: Runs = { upgate: [], knex: [], control: [], umzug: [], raw: [] };
    const migrations = Math.min(limit, CASES[name].migrations);
    return { name, release, earlier, migrations, statements: release.statements, expected, runs };
  });
}

/** Each contender once, another one first each time: none always follows the same one. */
async function measureRound(server: TestServer, prepared: Prepared, round: number): Promise<void> {
  const first = round % CONTENDER_NAMES.length;
  const turned = [...CONTENDER_NAMES.slice(first), ...CONTENDER_NAMES.slice(0, first)];
  for (const contender of round % 2 === 0 ? turned : turned.toReversed())
    prepared.runs[contender].push(await measure(server, prepared, contender));
}

async function measure(server: TestServer, { name, release, earlier, expected }: Prepared, contender: Contender): Promise<Run> {
  const url = server.url(DATABASE);
  return withDatabase(server.url(""), DATABASE, async () => {
    if (earlier) await apply(contender, url, earlier);
    const queriesBefore = await countQueries(url);
    const measured = await apply(contender, url, release);
    const queries = (await countQueries(url)) - queriesBefore - COUNTING_QUERIES;
    if ((await fingerprint(url)) !== expected) throw new Error(`${contender} has left another database than the statements of "${name}"`);
    return { ...measured, queries, ...(contender === "upgate" ? { migrationsMs: await migrationsMs(url) } : {}) };
  });
}

async function apply(contender: Contender, url: string, release: Release): Promise<Pick<Run, "ms" | "cpuMs">> {
  const program = contender === "control" ? "knex" : contender;
  const { stdout } = await run(process.execPath, [PROGRAM, program, url, release.folder, release.version, release.statementsFile], {
    env: { ...process.env, NODE_ENV: "production", NODE_OPTIONS: "" },
  });
  return JSON.parse(stdout) as Pick<Run, "ms" | "cpuMs">;
}
