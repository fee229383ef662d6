import type { Command } from "commander";
import type { Severity } from "../../core/check.js";
import type { PlannedMigration, PlanStatus } from "../../core/plan.js";
import type { VersionState } from "../../core/version-state.js";
import { readMigrationWarnings } from "../../upgrade/migration-files.js";
import { columns, duration } from "../columns.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
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

async function plan({ context, upgrader, terminal }: Session): Promise<ExitCode> {
  const state = await upgrader.state();
  const { exit, severity } = meaningOf(state.kind);
  const readable = state.kind !== "unknown";
  const { run } = readable ? await upgrader.statusOf(state) : { run: null };
  const unfinished = run !== null && run.status !== "completed" ? run.migrations : null;
  const migrations = unfinished ?? (readable ? await upgrader.plan() : []);
  const warnings = readable ? (await readMigrationWarnings(context)).warnings : [];
  terminal.result({ state, migrations, warnings }, [
    `${terminal.paintSeverity(severity, state.kind)}  ${state.reason}`,
    ...(state.remedy === "" || exit === EXIT.done ? [] : remedyLines(state)),
    ...(readable ? ["", ...planLines(terminal, state, migrations)] : []),
    ...warningLines(terminal, warnings),
  ]);
  return exit;
}

function planLines(terminal: Terminal, state: VersionState, migrations: readonly PlannedMigration[]): string[] {
  if (migrations.length === 0) return ["No migration is pending."];
  const rows = migrations.map(({ name, version, status, ms }) => [version, name, ...(ms === null ? [status] : [status, duration(ms)])]);
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
