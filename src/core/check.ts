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
  /** True: no upgrade starts while it is so, unless the operator insists. Always a danger. Default: false. */
  readonly blocking?: boolean;
  /** Where System Health leads to do it, relative to its page; absent: nowhere. */
  readonly action?: { readonly href: string; readonly label: string };
}

/** Those that keep an upgrade from being started, in the order given. */
export function blockingChecks(checks: readonly Check[]): Check[] {
  return checks.filter(({ blocking = false }) => blocking);
}
