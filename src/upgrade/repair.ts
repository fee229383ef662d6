import type { Knex } from "knex";
import { SKIPPED_RUN } from "../core/adopted-history.js";
import { UpgateError } from "../core/errors.js";
import type { MigrationFile } from "../core/migration.js";
import type { Run } from "../core/run.js";
import { appendAudit } from "../store/audit.js";
import { orAbsent } from "../store/driver-errors.js";
import { releaseLease } from "../store/lease.js";
import { addForgotten, recordSkipped, replaceChecksum } from "../store/repairs.js";
import { isJournaled, setAsideJournal } from "../store/set-aside.js";
import { readHistoryOrNone } from "../store/snapshot.js";
import type { Store } from "../store/store.js";
import { ensureTables, whileBusy } from "../store/tables.js";
import { auditEntry } from "./audit.js";
import type { UpgradeContext } from "./context.js";
import { leaseHeld, takeFreeLease } from "./leasing.js";
import { type RepairAction, repairCommand } from "./migration-checks.js";
import { readMigrationWarnings } from "./migration-files.js";
import { chooseRepairable, type Repairable, repairables } from "./repairable.js";
import type { Confirmation } from "./run-requests.js";
import type { ReadState } from "./state-reader.js";

export interface Repaired extends Repairable {
  /** What was done, one sentence. */
  readonly done: string;
}

/** Everything that can be repaired. `run`: the one that is failed or interrupted; null: there is none. Writes nothing. */
export async function readRepairables(context: UpgradeContext, run: Pick<Run, "status"> | null | undefined): Promise<Repairable[]> {
  const { warnings } = await readMigrationWarnings(context);
  const isOver = run?.status === "failed" || run?.status === "running";
  const unfinished = isOver ? (await readHistoryOrNone(context.store.knex)).filter(({ finishedAt }) => finishedAt === null) : [];
  return repairables(warnings, unfinished);
}

/** One action on one migration, under the lease; what it finds there counts, not what was found before. */
export async function repair(
  context: UpgradeContext,
  read: () => Promise<ReadState>,
  { action, migration, by }: { readonly action: RepairAction; readonly migration: string; readonly by: Confirmation },
): Promise<Repaired> {
  const { store } = context;
  const before = await read();
  if (before.state.kind === "running") throw await leaseHeld(store, before.lease);
  await choose(context, before, action, migration);
  await ensureTables(store);
  const lease = await takeFreeLease(context, await read());
  try {
    const chosen = await choose(context, await read(), action, migration);
    const change = await prepare(context, chosen);
    const done = await whileBusy(() => store.knex.transaction((trx) => record(trx, store, { chosen, change, by })));
    return { ...chosen, done };
  } finally {
    await whileBusy(() => releaseLease(store.knex, lease.token));
  }
}

async function choose(context: UpgradeContext, { snapshot }: ReadState, action: RepairAction, migration: string): Promise<Repairable> {
  const { knex } = context.store;
  const chosen = chooseRepairable(await readRepairables(context, snapshot.run), action, migration);
  if (action !== "skip" || !(await orAbsent(() => isJournaled(knex, chosen.name), false))) return chosen;
  throw new UpgateError("ERR_UPGATE_STATE", `${chosen.name} has been begun: a part of it is applied. Nothing was changed.`, {
    remedy: `Undo by hand what it has changed, then run: ${repairCommand("restart", chosen.name)}`,
  });
}

interface Outcome {
  readonly done: string;
  /** For the audit. */
  readonly detail: string;
}

type Change = (trx: Knex.Transaction, timestamp: string) => Promise<Outcome>;

interface Recording {
  readonly chosen: Repairable;
  readonly change: Change;
  readonly by: Confirmation;
}

async function record(trx: Knex.Transaction, store: Pick<Store, "clock">, { chosen, change, by }: Recording): Promise<string> {
  const { done, detail } = await change(trx, store.clock.timestamp());
  await appendAudit(trx, auditEntry(store, `repair-${chosen.action}`, by, detail));
  return done;
}

/** The files are read before the change: a transaction waits for nothing but the database. */
async function prepare({ settings: { release } }: UpgradeContext, { action, name, version }: Repairable): Promise<Change> {
  switch (action) {
    case "accept": {
      const sha256 = await release.migrations.checksum(await fileOf(release, name));
      return async (trx) => {
        const detail = `${name}: ${await replaceChecksum(trx, name, sha256)} → ${sha256}`;
        return { done: `The file of ${name} as it is now counts as the one that was applied.`, detail };
      };
    }
    case "forget":
      return async (trx) => {
        await addForgotten(trx, name);
        return { done: `${name} stays in the history, and its file is missed no more.`, detail: name };
      };
    case "skip": {
      const sha256 = await release.migrations.checksum(await fileOf(release, name));
      return async (trx, timestamp) => {
        const [startedAt, finishedAt] = [timestamp, timestamp];
        await recordSkipped(trx, { name, version, sha256, runId: SKIPPED_RUN, startedAt, finishedAt });
        return { done: `${name} counts as applied now; it was not run.`, detail: name };
      };
    }
    case "restart":
      return async (trx, timestamp) => {
        const count = await setAsideJournal(trx, name, timestamp);
        const what = count === 1 ? "1 journaled statement was" : `${count} journaled statements were`;
        return { done: `${name} will run from its very start; ${what} put aside.`, detail: `${name}: ${count}` };
      };
  }
}

async function fileOf(release: UpgradeContext["settings"]["release"], name: string): Promise<MigrationFile> {
  const file = (await release.read()).files.find((one) => one.name === name);
  if (file) return file;
  throw new UpgateError("ERR_UPGATE_RELEASE_CHANGED", `The file of ${name} has just vanished. Nothing was changed.`);
}
