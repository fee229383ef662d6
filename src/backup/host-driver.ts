import type { BackupDriver, HostBackupDriver } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import { backupFailure, damage, restoreFailure } from "./failure.js";

const LONGEST_REFERENCE = 1000;

/** The host's own driver behind the same port. */
export function hostDriver(host: HostBackupDriver): BackupDriver {
  return {
    name: host.name,
    create: async (call) => {
      const { reference, tool, tables } = await host
        .create(call)
        .catch((error: unknown) => Promise.reject(backupFailure(error, call.signal)));
      if (typeof reference !== "string" || reference === "" || reference.length > LONGEST_REFERENCE)
        throw new UpgateError("ERR_UPGATE_BACKUP_FAILED", `The driver ${host.name} returned no reference of 1 to 1,000 characters.`);
      return { reference, tool: tool ?? host.name, tables: tables ?? null };
    },
    verify: async (call) => {
      try {
        await host.verify?.({ ...call, reference: call.manifest.reference ?? "" });
      } catch (error) {
        throw damage(error, call.signal);
      }
      return call.manifest.tables;
    },
    restore: async (call) => {
      const { reference } = call.manifest;
      const remedy = `Restore it by hand: ${host.name} calls it ${String(reference)}.`;
      if (!host.restore || call.scratch !== null)
        throw new UpgateError("ERR_UPGATE_RESTORE_FAILED", `The driver ${host.name} can't restore a backup there.`, { remedy });
      if (call.done.has(WHOLE)) return;
      await call.beforePart(WHOLE);
      try {
        await host.restore({ ...call, reference: reference ?? "" });
      } catch (error) {
        throw restoreFailure(error, WHOLE, call.signal);
      }
      await call.onPart(WHOLE, null);
    },
  };
}

const WHOLE = "database";
