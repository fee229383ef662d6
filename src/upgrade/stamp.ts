import { blockingChecks } from "../core/check.js";
import { compareVersions } from "../core/version.js";
import { appendAudit } from "../store/audit.js";
import { releaseLease } from "../store/lease.js";
import { insertDraft, updateRun } from "../store/runs.js";
import { ensureTables, ensureVersionTable, whileBusy } from "../store/tables.js";
import { writeVersionRow } from "../store/version-row.js";
import { auditEntry, NODE } from "./audit.js";
import type { UpgradeContext } from "./context.js";
import { OPENED } from "./drafts.js";
import { filesChecks } from "./files-checks.js";
import { takeFreeLease } from "./leasing.js";
import { type ReadState, StateReader } from "./state-reader.js";

/** The first state was read after a comparison; it need not be made anew, ms. */
const FILES_AGE_MS = 10_000;

/**
 * With `patches: "stamp"`: a release that has nothing to migrate writes its version down by itself, as a completed run,
 * without closing the nodes. True when it did. Throws `ERR_UPGATE_LEASE_HELD` when another process was faster.
 */
export async function stampPatch(context: UpgradeContext, reading: ReadState): Promise<boolean> {
  const { store, settings, logger } = context;
  const { version, patches } = settings.options;
  if (patches !== "stamp" || !isStampable(reading, version)) return false;
  // No operator looks at the checks here: files that block a start are not recorded, either.
  if (blockingChecks(await filesChecks(context, FILES_AGE_MS)).length > 0) return false;
  await ensureTables(store);
  const lease = await takeFreeLease(context, reading);
  try {
    const now = await new StateReader(context).read();
    if (!isStampable(now, version)) return false;
    await ensureVersionTable(store);
    const timestamp = store.clock.timestamp();
    const [fromVersion, left] = [now.state.installedVersion, now.snapshot.run];
    await whileBusy(() =>
      store.knex.transaction(async (trx) => {
        if (left?.status === "completed") await updateRun(trx, left.id, "completed", OPENED);
        else if (left) await updateRun(trx, left.id, "draft", { status: "aborted", active: false, finishedAt: timestamp });
        const id = await insertDraft(trx, { kind: "upgrade", fromVersion, toVersion: version, createdAt: timestamp });
        const times = { startedAt: timestamp, finishedAt: timestamp };
        await updateRun(trx, id, "draft", { status: "completed", phase: "done", active: false, epoch: lease.token, ...times });
        await appendAudit(trx, auditEntry(store, "stamp", NODE, id));
        await writeVersionRow(trx, store.versionRow, version, timestamp);
      }),
    );
  } finally {
    await whileBusy(() => releaseLease(store.knex, lease.token));
  }
  logger.info(`upgate: release ${version} has nothing to migrate; it is recorded as installed.`);
  return true;
}

/** Only with a manifest can files be newer than the process; then the newer process does it. */
function isStampable({ state, snapshot }: ReadState, version: string): boolean {
  const { kind, pending, installedVersion, filesVersion } = state;
  // A draft for these very versions means that an operator is at it; one for others was left behind by an earlier release.
  const { run } = snapshot;
  const isFree = run === null || run.toVersion !== version || run.fromVersion !== installedVersion;
  return kind === "behind" && isFree && pending.length === 0 && installedVersion !== null && compareVersions(filesVersion, version) === 0;
}
