import type { PlannedMigration } from "../core/plan.js";
import type { RunProgress } from "../upgrade/status.js";
import type { Terminal } from "./terminal.js";

const BAR_CHARACTERS = 24;

/** What people see while a run goes on: one line that is drawn again on a terminal, else a line for each migration. */
export class ProgressView {
  readonly #told = new Set<string>();
  readonly #redraws: boolean;
  #isDrawn = false;

  constructor(private readonly terminal: Terminal) {
    this.#redraws = !terminal.json && process.stderr.isTTY === true;
  }

  show(run: RunProgress): void {
    if (this.terminal.json) return;
    for (const migration of run.migrations) this.#tell(migration);
    if (!this.#redraws) return;
    process.stderr.write(`\r\u001b[K${progressLine(run).slice(0, (process.stderr.columns || 80) - 1)}`);
    this.#isDrawn = true;
  }

  /** Ends the drawn line, so that what follows stands on one of its own. */
  end(): void {
    if (this.#isDrawn) process.stderr.write("\r\u001b[K");
    this.#isDrawn = false;
  }

  #tell({ name, status, ms }: PlannedMigration): void {
    if (status !== "applied" || this.#told.has(name)) return;
    this.#told.add(name);
    this.end();
    this.terminal.say(`  ${name}${ms === null ? "" : `  ${ms} ms`}`);
  }
}

export function progressLine({ percent, migrations, activity, etaSeconds, step, detail }: RunProgress): string {
  const filled = Math.round((percent / 100) * BAR_CHARACTERS);
  const applied = migrations.filter(({ status }) => status === "applied").length;
  const rest = etaSeconds === null || etaSeconds === 0 ? "" : `, about ${etaSeconds} s left`;
  return `[${"=".repeat(filled)}${" ".repeat(BAR_CHARACTERS - filled)}] ${percent} %  ${applied} of ${migrations.length}${rest}  ${activity}${step !== null && step.rows === null ? `  ${detail ?? ""}` : ""}`;
}
