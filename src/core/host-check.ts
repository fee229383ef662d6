import type { Knex } from "knex";
import type { Check, Severity } from "./check.js";

/** A check of the vendor's own, shown with upgate's: on the review page, on System Health, and by `upgate doctor`. */
export interface HostCheck {
  /** Stable: 1 to 40 lower-case letters and digits, in words joined by hyphens; none of upgate's own. */
  readonly id: string;
  /** What people read. Default: the id. */
  readonly title?: string;
  /** The heading under which System Health shows it, up to 60 characters: one of upgate's (`Release`, `Database`, `Server`, `Nodes`, `Backup`, `Safety`) or another. Default: `Application`. */
  readonly group?: string;
  /** Where the vendor tells what it looks at and what to do, https. Default: none. */
  readonly docsUrl?: string;
  /** Changes nothing. Given up after 10 s, on System Health after 5 s; what it throws becomes a danger that says so, and blocks nothing. */
  run(call: HostCheckCall): HostCheckAnswer | Promise<HostCheckAnswer>;
}

export interface HostCheckCall {
  /** A connection of its own, as the option `database` says; closed afterwards. */
  readonly knex: Knex;
  /** Aborts when the time is up. */
  readonly signal: AbortSignal;
}

/** `null` or nothing: all is well. */
export type HostCheckAnswer = HostFinding | readonly HostFinding[] | null | undefined | void;

export interface HostFinding {
  readonly severity: Severity;
  /** Plain text, a sentence or two. */
  readonly message: string;
  /** Default: the check's. */
  readonly title?: string;
  /** What the operator does about it. Default: none. */
  readonly remedy?: string | null;
  /** True: no upgrade starts while it is so, unless the operator insists; it counts as a danger then. Default: false. */
  readonly blocking?: boolean;
}

const SEVERITIES: readonly unknown[] = ["ok", "info", "warning", "danger"] satisfies Severity[];

/** The answer of a vendor's check as checks; an answer that is none is a danger of its own. */
export function checksOfAnswer(check: ToldCheck, answer: unknown): Check[] {
  const { id, title = id } = check;
  if (answer === null || answer === undefined)
    return [{ id, title, severity: "ok", message: "All is well.", remedy: null, ...docsOf(check) }];
  const findings: unknown[] = Array.isArray(answer) ? answer : [answer];
  if (findings.length === 0) return checksOfAnswer(check, null);
  return findings.map((finding) => {
    const problem = findingProblem(finding);
    if (problem !== null) return brokenCheck(check, `Its answer can't be read: ${problem}.`);
    const { blocking = false, severity, message, remedy = null, title: own = title } = finding as HostFinding;
    const told = { id, title: own, severity: blocking ? "danger" : severity, message, remedy } as const;
    return { ...told, ...(blocking ? { blocking } : {}), ...docsOf(check) };
  });
}

type ToldCheck = Pick<HostCheck, "id" | "title" | "docsUrl">;

function docsOf({ docsUrl }: ToldCheck): Pick<Check, "docsUrl"> {
  return docsUrl === undefined ? {} : { docsUrl };
}

/** A check that could not be made is told, but is no verdict on the upgrade. */
export function brokenCheck(check: ToldCheck, message: string): Check {
  const { id, title = id } = check;
  return { id, title, severity: "danger", message, remedy: "This check is the vendor's: tell them what it says.", ...docsOf(check) };
}

function findingProblem(finding: unknown): string | null {
  if (typeof finding !== "object" || finding === null) return `it is ${finding === null ? "null" : typeof finding}, not an object`;
  const { severity, message, title, remedy, blocking } = finding as Readonly<Record<string, unknown>>;
  if (!SEVERITIES.includes(severity)) return `severity must be one of ${SEVERITIES.join(", ")}`;
  if (typeof message !== "string" || message === "") return "message must be a text";
  if (title !== undefined && typeof title !== "string") return "title must be a text";
  if (remedy !== undefined && remedy !== null && typeof remedy !== "string") return "remedy must be a text or null";
  return blocking === undefined || typeof blocking === "boolean" ? null : "blocking must be true or false";
}
