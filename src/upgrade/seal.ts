import { rmSync } from "node:fs";
import { appendAudit } from "../store/audit.js";
import { orAbsent } from "../store/driver-errors.js";
import { deleteSecret, readSecret } from "../store/secrets.js";
import { deleteExpiredSessions, hasAnySession, hasOpenSession } from "../store/sessions.js";
import type { Store } from "../store/store.js";
import { whileBusy } from "../store/tables.js";
import type { VersionState } from "../core/version-state.js";
import { auditEntry } from "./audit.js";
import type { Confirmation } from "./run-requests.js";

/** Whether the wizard answers at all: nothing is to be done, and nobody has an open session. Reads only; absent tables count as empty. */
export async function isSealed({ knex, clock }: Pick<Store, "knex" | "clock">, state: VersionState): Promise<boolean> {
  return state.kind === "current" && !(await orAbsent(() => hasOpenSession(knex, clock.timestamp()), false));
}

interface Sealing {
  /** Where a generated key lies; null when the vendor gave the key, which stays valid. */
  readonly keyFile: string | null;
  readonly by: Confirmation;
  /** Whether an operator has just ended a session: the last one to do so has sealed it. */
  readonly hasSignedOut: boolean;
}

/**
 * The one place where the wizard is sealed: in the state `current`, once no session is open. The generated key is void then on every node,
 * its file here is gone, expired sessions are removed, and the audit says who did it. True when it is sealed now.
 */
export async function seal(store: Store, state: VersionState, { keyFile, by, hasSignedOut }: Sealing): Promise<boolean> {
  if (!(await isSealed(store, state))) return false;
  if (hasSignedOut || (await leftOpen(store, keyFile !== null))) {
    const sealed = await whileBusy(() =>
      store.knex.transaction(async (trx) => {
        const now = store.clock.timestamp();
        const expired = await deleteExpiredSessions(trx, now);
        if (await hasOpenSession(trx, now)) return false;
        const voided = keyFile !== null && (await deleteSecret(trx, "install-key"));
        // Of several nodes that find the last session expired one has removed it.
        if (hasSignedOut || expired > 0 || voided) await appendAudit(trx, auditEntry(store, "seal", by));
        return true;
      }),
    );
    if (!sealed) return false;
  }
  if (keyFile !== null) rmSync(keyFile, { force: true });
  return true;
}

/** What an earlier walk has left: a key that still opens, sessions that have expired. */
async function leftOpen({ knex }: Store, isGenerated: boolean): Promise<boolean> {
  return orAbsent(async () => (await hasAnySession(knex)) || (isGenerated && (await readSecret(knex, "install-key")) !== null), false);
}
