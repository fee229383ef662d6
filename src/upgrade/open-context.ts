import { systemClock } from "../core/ports.js";
import { Checksums } from "../release/checksums.js";
import { openStore } from "../store/store.js";
import type { UpgradeContext } from "./context.js";
import { Integrity } from "./integrity.js";
import { LeaseObserver } from "./lease-observer.js";
import { isProcessAlive } from "./process-identity.js";
import type { Settings } from "./settings.js";

export function openContext(settings: Settings): UpgradeContext {
  const { options, database } = settings;
  const { leaseTtlMs, logger, versionRow } = options;
  const store = openStore(database, versionRow, systemClock);
  const leaseObserver = new LeaseObserver({ leaseTtlMs, dialect: store.dialect, nowMs: store.clock.nowMs, isProcessAlive });
  return { settings, store, logger, leaseObserver, checksums: new Checksums(), integrity: new Integrity(settings, store.clock, logger) };
}
