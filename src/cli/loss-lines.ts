import type { Severity } from "../core/check.js";
import { describeLoss, gravestOf, type Loss, type LossGravity } from "../core/loss.js";
import type { Terminal } from "./terminal.js";

const SEVERITIES = { deletes: "danger", alters: "warning", definition: "info" } as const satisfies Record<LossGravity, Severity>;

/** What migrations take away, one block a migration, below a verb's answer; nothing where nothing is lost. */
export function lossLines(
  terminal: Terminal,
  migrations: readonly { readonly name: string; readonly losses: readonly Loss[] }[],
): string[] {
  return migrations.flatMap(({ name, losses }) => {
    const gravity = gravestOf(losses);
    if (gravity === null) return [];
    return ["", terminal.paintSeverity(SEVERITIES[gravity], headline(gravity, name)), ...losses.map((loss) => `  ${describeLoss(loss)}`)];
  });
}

function headline(gravity: LossGravity, name: string): string {
  switch (gravity) {
    case "deletes":
      return `${name} deletes data:`;
    case "alters":
      return `${name} overwrites data, or may cut it:`;
    case "definition":
      return `${name} removes definitions:`;
  }
}
