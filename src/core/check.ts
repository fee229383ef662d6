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
  /** Where the vendor tells more of a check of theirs, https; absent: upgate's own help has a section for the id. */
  readonly docsUrl?: string;
  /** Where System Health leads to do it, relative to its page; absent: nowhere. */
  readonly action?: { readonly href: string; readonly label: string };
}

export interface CheckGroup {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** From bad to good: what needs doing comes first. */
export const SEVERITIES = ["danger", "warning", "info", "ok"] as const satisfies readonly Severity[];

export type SeverityCounts = Readonly<Record<Severity, number>>;

export function countSeverities(checks: readonly Check[]): SeverityCounts {
  const counts = { danger: 0, warning: 0, info: 0, ok: 0 };
  for (const { severity } of checks) counts[severity]++;
  return counts;
}

/** Of what was counted; `ok` where nothing was. */
export function worstSeverity(counts: SeverityCounts): Severity {
  return SEVERITIES.find((severity) => counts[severity] > 0) ?? "ok";
}

/** Those that keep an upgrade from being started, in the order given. */
export function blockingChecks(checks: readonly Check[]): Check[] {
  return checks.filter(({ blocking = false }) => blocking);
}
