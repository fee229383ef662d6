import type { Check } from "../core/check.js";
import { countLockWaits, readOldTransactions, readTableLocks } from "../store/lock-holders.js";
import { readGaleraStatus, readReplicaStatus } from "../store/replication-status.js";
import { readServerSettings, type ServerSettings } from "../store/server-settings.js";
import type { Store } from "../store/store.js";
import { readTableConditions, readWideKeys, type TableConditions } from "../store/table-condition.js";
import { baseName } from "../store/tables.js";
import { attempt } from "./attempt.js";
import { mysqlDiskCheck, sqliteDiskCheck } from "./disk-check.js";
import { OLD_LOCK_SECONDS, tableLocksCheck, transactionsCheck } from "./lock-checks.js";
import { galeraCheck, replicationCheck } from "./replication-checks.js";
import { packetCheck, readOnlyCheck, sqlModeCheck, timeZoneCheck } from "./settings-checks.js";
import { collationsCheck, engineCheck, oldRowFormats, rowFormatCheck } from "./table-checks.js";

/** What several checks judge, read once for all. */
interface Reading {
  readonly settings: Promise<ServerSettings>;
  readonly tables: Promise<TableConditions>;
}

/** What there is to say of the server and its tables, besides its name. Reads only, all at once. Never rejects. */
export async function serverChecks(store: Store): Promise<Check[]> {
  if (store.dialect === "sqlite") return decisiveServerChecks(store);
  const reading = read(store);
  const [told, decisive, locks] = await Promise.all([toldChecks(store, reading), decisiveChecks(store, reading), lockChecks(store)]);
  return [...told, ...decisive, ...locks];
}

/** Those of them that may keep an upgrade from being started. */
export async function decisiveServerChecks(store: Store): Promise<Check[]> {
  return store.dialect === "sqlite" ? [await diskAttempt(() => sqliteDiskCheck(store))] : decisiveChecks(store, read(store));
}

function read({ knex }: Store): Reading {
  const reading = { settings: readServerSettings(knex), tables: readTableConditions(knex) };
  // Each check tells it for itself.
  for (const one of Object.values(reading)) one.catch(() => undefined);
  return reading;
}

function toldChecks({ knex, versionRow }: Store, { settings, tables }: Reading): Promise<Check[]> {
  return Promise.all([
    attempt("table-collations", "Collations of the tables", async () => collationsCheck(await tables, baseName(versionRow.table))),
    attempt("storage-engine", "Storage engine", async () => engineCheck(await tables, (await settings).defaultEngine)),
    attempt("row-format", "Row format", async () => {
      const found = await tables;
      return rowFormatCheck(found, await readWideKeys(knex, oldRowFormats(found.tables)));
    }),
    attempt("sql-mode", "SQL mode", async () => sqlModeCheck(await settings)),
    attempt("time-zone", "Time zone", async () => timeZoneCheck(await settings)),
    attempt("max-allowed-packet", "Longest statement", async () => packetCheck(await settings)),
  ]);
}

async function decisiveChecks({ knex }: Store, { settings, tables }: Reading): Promise<Check[]> {
  const [isGalera, ...checks] = await Promise.all([
    settings.then(
      (found) => found.isGalera,
      () => false,
    ),
    attempt("read-only", "Writing", async () => readOnlyCheck(await settings)),
    attempt("replication", "Replication", async () =>
      replicationCheck(await readReplicaStatus(knex), (await settings).readOnly.length > 0),
    ),
    diskAttempt(async () => mysqlDiskCheck(await settings, await tables)),
  ]);
  if (!isGalera) return checks;
  return [
    ...checks,
    await attempt("galera", "Galera cluster", async () => galeraCheck(await readGaleraStatus(knex), (await settings).galeraDdl)),
  ];
}

function lockChecks({ knex }: Store): Promise<Check[]> {
  return Promise.all([
    attempt("long-transactions", "Long transactions", async () => transactionsCheck(await readOldTransactions(knex, OLD_LOCK_SECONDS))),
    attempt("metadata-locks", "Locked tables", async () =>
      tableLocksCheck(await readTableLocks(knex, OLD_LOCK_SECONDS), await countLockWaits(knex)),
    ),
  ]);
}

function diskAttempt(check: () => Promise<Check>): Promise<Check> {
  return attempt("database-disk", "Room for the database", check);
}
