import type { RunError } from "../core/run.js";

/** How a run ended, as far as it is over. */
export interface RunResult {
  readonly id: string;
  /** `prepared`: a backup or rehearsal has been made, and the upgrade waits for its start. */
  readonly status: "completed" | "prepared" | "failed" | "interrupted" | "aborted";
  readonly error: RunError | null;
}
