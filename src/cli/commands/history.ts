import { type Command, InvalidArgumentError } from "commander";
import type { Run } from "../../core/run.js";
import type { VersionState } from "../../core/version-state.js";
import { type AppliedMigration, readApplied } from "../../store/applied.js";
import { orAbsent } from "../../store/driver-errors.js";
import { readLatestRuns } from "../../store/runs.js";
import { orDatabaseError } from "../../upgrade/database-error.js";
import { columns, duration, moment } from "../columns.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { type Session, verb, withSession } from "../verb.js";

const DEFAULT_LIMIT = 20;

export function historyCommand(): Command {
  return verb("history", "list the runs and the applied migrations, newest first", {
    examples: [
      ["upgate history", `the last ${DEFAULT_LIMIT} of each`],
      ["upgate history --limit 200", "more of them"],
      ["upgate history --json | jq '.runs[0].status'", "how the last run ended"],
    ],
    exitCodes: [
      [EXIT.done, "listed, also when there is none"],
      [EXIT.error, "the options, the configuration file or the database can't be used"],
    ],
  })
    .option("-n, --limit <n>", "how many runs and how many migrations", parseLimit, DEFAULT_LIMIT)
    .action(withSession(history));
}

interface HistoryRun extends Pick<
  Run,
  "id" | "kind" | "fromVersion" | "toVersion" | "startedAt" | "finishedAt" | "backup" | "error" | "passedOver"
> {
  /** `interrupted` is derived: running, but its process is gone. */
  readonly status: Run["status"] | "interrupted";
  readonly durationMs: number | null;
}

async function history({ context, upgrader, terminal }: Session, { limit }: { readonly limit: number }): Promise<ExitCode> {
  const { knex } = context.store;
  const { runs, migrations } = await orDatabaseError(async () => ({
    runs: await orAbsent(() => readLatestRuns(knex, limit), []),
    migrations: await orAbsent(() => readApplied(knex, limit), []),
  }));
  const state = await upgrader.state();
  const shown = runs.map((run) => historyRun(run, state));
  terminal.result({ runs: shown, migrations }, lines(shown, migrations, limit));
  return EXIT.done;
}

function historyRun(run: Run, state: VersionState): HistoryRun {
  const { id, kind, fromVersion, toVersion, startedAt, finishedAt, backup, error, passedOver } = run;
  const status = run.status === "running" && state.kind === "interrupted" ? "interrupted" : run.status;
  const durationMs = startedAt && finishedAt ? Date.parse(finishedAt) - Date.parse(startedAt) : null;
  return { id, kind, fromVersion, toVersion, status, startedAt, finishedAt, durationMs, backup, error, passedOver };
}

function lines(runs: readonly HistoryRun[], migrations: readonly AppliedMigration[], limit: number): string[] {
  if (runs.length === 0 && migrations.length === 0) return ["There is no history: upgate has changed nothing in this database yet."];
  const runRows = runs.map((run) => [
    run.id,
    run.kind,
    `${run.fromVersion ?? "nothing"} → ${run.toVersion}`,
    run.status,
    moment(run.startedAt),
    duration(run.durationMs),
    run.backup ? `${run.backup.kind}, confirmed by ${run.backup.address}` : "none",
  ]);
  const migrationRows = migrations.map((one) => [
    one.name,
    one.version,
    moment(one.finishedAt),
    duration(one.durationMs),
    one.statements === null ? "-" : String(one.statements),
    one.runId,
  ]);
  return [
    ...section("Runs", ["id", "kind", "release", "status", "started (UTC)", "duration", "backup"], runRows, limit),
    "",
    ...section("Migrations", ["name", "release", "applied (UTC)", "duration", "statements", "run"], migrationRows, limit),
  ];
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[], limit: number): string[] {
  if (rows.length === 0) return [title, "  none"];
  const cut = rows.length === limit ? [`  (the newest ${limit}; --limit shows more)`] : [];
  return [title, ...columns([head, ...rows], "  "), ...cut];
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 100_000)
    throw new InvalidArgumentError("It must be a whole number from 1 to 100000.");
  return limit;
}
