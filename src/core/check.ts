export type Severity = "ok" | "info" | "warning" | "danger";

/** One check of System Health and of the review page. */
export interface Check {
  /** Stable, kebab-case. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly message: string;
  /** Null when there is nothing to do. */
  readonly remedy: string | null;
}
