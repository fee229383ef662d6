import { parseArgs } from "node:util";
import { startMariaDb } from "../support/mariadb.js";
import { playScenario, type PlayResult } from "./play.js";
import { type Scenario, SCENARIOS } from "./scenarios.js";

const USAGE = `npm run test:cluster [-- --times N] [--scenario X]

Upgrades an application on four processes under load, on a real MariaDB, while processes are frozen, cut off, killed and started. No request
that a live process has let in may overlap the migration, and no statement of any process.
  --times N     each scenario so often (default: 1)
  --scenario X  only the one of that name
UPGATE_TEST_GALERA_URLS=<three addresses, with commas>: all of it on that cluster, too, the processes on different servers`;

const { values } = parseArgs({
  options: { times: { type: "string", default: "1" }, scenario: { type: "string" }, help: { type: "boolean" } },
});
if (values.help) console.log(USAGE);
else await main(Number(values.times), values.scenario ?? null);

async function main(times: number, only: string | null): Promise<void> {
  const galera = process.env["UPGATE_TEST_GALERA_URLS"]?.split(",") ?? null;
  const server = await startMariaDb();
  const chosen = SCENARIOS.filter(({ name }) => only === null || name === only);
  const results: PlayResult[] = [];
  try {
    for (let time = 0; time < times; time++) {
      for (const scenario of chosen) results.push(await play([server.url("")], scenario, results.length));
      if (galera) for (const scenario of chosen) results.push(await play(galera, onCluster(scenario), results.length));
    }
  } finally {
    await server.stop();
  }
  if (results.length === 0) throw new Error(`There is no scenario "${only}".`);
  console.log(table(results));
  if (results.some(({ overlapping, statements, problems }) => overlapping + statements + problems.length > 0)) process.exitCode = 1;
}

function onCluster(scenario: Scenario): Scenario {
  return { ...scenario, name: `${scenario.name}, Galera` };
}

async function play(servers: readonly string[], scenario: Scenario, number: number): Promise<PlayResult> {
  const result = await playScenario(servers, scenario, `cluster_${number}`);
  process.stderr.write(`${result.scenario}: ${result.overlapping} requests and ${result.statements} statements overlap\n`);
  for (const problem of result.problems) process.stderr.write(`  ${problem}\n`);
  return result;
}

function table(results: readonly PlayResult[]): string {
  const head = [
    "scenario",
    "answered",
    "refused",
    "lost",
    "ended",
    "requests overlapping",
    "of dead nodes",
    "statements",
    "close ms",
    "open ms",
  ];
  const rows = results.map((one) => [
    one.scenario,
    ...[one.answered, one.refused, one.failed, one.ended, one.overlapping, one.overlappingOfDead, one.statements].map(String),
    ...[one.closeMs, one.openMs].map((ms) => String(Math.round(ms))),
  ]);
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number))).join("  ");
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
