import { type MigrationWarning, remedyFor } from "../upgrade/migration-checks.js";
import type { Terminal } from "./terminal.js";

/** What is odd about the migrations, below a verb's answer. */
export function warningLines(terminal: Terminal, warnings: readonly MigrationWarning[]): string[] {
  if (warnings.length === 0) return [];
  return ["", ...warnings.map(({ message }) => `${terminal.paintSeverity("warning", "warning")}  ${message}.`), remedyFor(warnings)];
}
