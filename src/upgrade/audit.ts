import { appendAudit, type AuditEntry, type NOTIFICATION_FAILED, pruneAudit } from "../store/audit.js";
import type { Store } from "../store/store.js";
import { whileBusy } from "../store/tables.js";
import type { RepairAction } from "./migration-checks.js";
import type { Confirmation } from "./run-requests.js";

/** Everything that `upgate_audit` records; docs/security.md tells what each means. */
export type AuditEvent =
  | "checks-ignored"
  | "key-accepted"
  | "key-failed"
  | "key-limited"
  | "key-rotated"
  | "sign-out"
  | "license-accepted"
  | "backup"
  | "rehearsal"
  | "start"
  | "stamp"
  | "resume"
  | "retry"
  | "restore"
  | "in-doubt-applied"
  | "in-doubt-again"
  | "drain-wait"
  | "drain-end"
  | "drain-abort"
  | "look"
  | "open"
  | "give-up"
  | "seal"
  | "template-reviewed"
  | "remove-folder"
  | typeof NOTIFICATION_FAILED
  | "unlock"
  | `repair-${RepairAction}`;

/** A node of the application, unasked. */
export const NODE: Confirmation = { address: "auto" };
/** The application's own code, which has called `upgate.upgrader`. */
export const HOST: Confirmation = { address: "host" };

/** Anybody may cause these, without a key. */
const REFUSALS: readonly AuditEvent[] = ["key-failed", "key-limited"];

export function auditEntry(
  { clock }: Pick<Store, "clock">,
  event: AuditEvent,
  { address, session }: Confirmation,
  detail: string | null = null,
): AuditEntry {
  return { happenedAt: clock.timestamp(), event, address, sessionId: session ?? null, detail };
}

/** Writes an entry down, and lets the oldest go where there are too many. `write`: how, where a busy database is not waited for. */
export async function recordAudit(
  store: Pick<Store, "clock" | "knex">,
  event: AuditEvent,
  by: Confirmation,
  detail: string | null = null,
  write: (append: () => Promise<void>) => Promise<unknown> = whileBusy,
): Promise<void> {
  const entry = auditEntry(store, event, by, detail);
  await write(() => appendAudit(store.knex, entry));
  await write(() => pruneAudit(store.knex, REFUSALS));
}
