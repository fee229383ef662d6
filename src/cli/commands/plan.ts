import type { Command } from "commander";
import type { Severity } from "../../core/check.js";
import type { Loss } from "../../core/loss.js";
import type { PlannedMigration, PlanStatus } from "../../core/plan.js";
import type { VersionState } from "../../core/version-state.js";
import { readMigrationWarnings } from "../../upgrade/migration-files.js";
import { readPreview } from "../../upgrade/preview.js";
import type { RunProgress } from "../../upgrade/status.js";
import { columns, duration } from "../columns.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { lossLines } from "../loss-lines.js";
import type { Terminal } from "../terminal.js";
import { remedyLines } from "../next-verb.js";
import { type Session, verb, withSession } from "../verb.js";
import { warningLines } from "../warning-lines.js";
import { meaningOf, STATE_EXIT_CODES } from "./status.js";

export function planCommand(): Command {
  return verb("plan", "show which migrations an upgrade would apply, in order; changes nothing", {
    examples: [
      ["upgate plan", "for people"],
      ["upgate plan --json | jq -r '.migrations[].name'", "the names alone"],
      ["upgate plan; [ $? -eq 10 ] && upgate up --yes", "upgrade only when it is due"],
    ],
    exitCodes: STATE_EXIT_CODES,
  }).action(withSession(plan));
}

/** `losses` null: not known, because this file was not rehearsed as it is. */
interface DescribedMigration extends PlannedMigration {
  readonly title: string | null;
  readonly description: string | null;
  readonly losses: readonly Loss[] | null;
}

async function plan({ context, upgrader, terminal }: Session): Promise<ExitCode> {
  const state = await upgrader.state();
  const { exit, severity } = meaningOf(state.kind);
  const readable = state.kind !== "unknown";
  const { run } = readable ? await upgrader.statusOf(state) : { run: null };
  const unfinished = run !== null && run.status !== "completed" ? run : null;
  const planned = unfinished?.migrations ?? (readable ? await upgrader.plan() : []);
  const migrations = await describe(context, planned, unfinished, state);
  const warnings = readable ? (await readMigrationWarnings(context)).warnings : [];
  terminal.result({ state, migrations, warnings }, [
    `${terminal.paintSeverity(severity, state.kind)}  ${state.reason}`,
    ...(state.remedy === "" || exit === EXIT.done ? [] : remedyLines(state)),
    ...(readable ? ["", ...planLines(terminal, state, migrations)] : []),
    ...lossLines(
      terminal,
      migrations.map(({ name, losses }) => ({ name, losses: losses ?? [] })),
    ),
    ...warningLines(terminal, warnings),
  ]);
  return exit;
}

async function describe(
  context: Session["context"],
  migrations: readonly PlannedMigration[],
  run: RunProgress | null,
  { installedVersion, codeVersion }: VersionState,
): Promise<DescribedMigration[]> {
  const { fromVersion, toVersion } = run ?? { fromVersion: installedVersion, toVersion: codeVersion };
  const { releases } = await readPreview(context, { migrations, fromVersion, toVersion, runId: run?.id ?? null });
  const known = new Map(releases.flatMap((release) => release.migrations.map((migration) => [migration.name, migration] as const)));
  return migrations.map((migration) => {
    const { title = null, description = null, rehearsed = null } = known.get(migration.name) ?? {};
    return { ...migration, title, description, losses: rehearsed?.losses ?? null };
  });
}

function planLines(terminal: Terminal, state: VersionState, migrations: readonly DescribedMigration[]): string[] {
  if (migrations.length === 0) return ["No migration is pending."];
  const hasTitles = migrations.some(({ title }) => title !== null);
  const rows = migrations.map(({ name, version, status, ms, title }) => {
    return [version, name, ...(hasTitles ? [title ?? ""] : []), ...(ms === null ? [status] : [status, duration(ms)])];
  });
  const count = `${migrations.length} ${migrations.length === 1 ? "migration" : "migrations"}`;
  const lines = columns(rows, "  ").map((line, index) => paintStatus(terminal, line, migrations[index]?.status ?? "pending"));
  return [`${count}, from ${state.installedVersion ?? "nothing"} to ${state.run?.toVersion ?? state.codeVersion}:`, ...lines];
}

const STATUS_SEVERITIES = { pending: null, running: "info", applied: "ok", failed: "danger" } as const satisfies Record<
  PlanStatus,
  Severity | null
>;

function paintStatus(terminal: Terminal, line: string, status: PlanStatus): string {
  const severity = STATUS_SEVERITIES[status];
  return severity === null ? line : terminal.paintSeverity(severity, line);
}
