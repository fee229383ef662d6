import type { BackupDriver } from "../core/backup.js";
import { createDump } from "./dump-create.js";
import { dumpFile, readDump } from "./dump-read.js";
import { restoreDump } from "./dump-restore.js";
import type { MysqlContext } from "./mysql-context.js";

/** Backups of MySQL and MariaDB by the tools that come with them. */
export function dumpDriver(context: MysqlContext): BackupDriver {
  return {
    name: "dump",
    create: (call) => createDump(context, call),
    verify: async (call) => readDump(dumpFile(call.folder, call.manifest), call, { path: context.path }, null),
    restore: (call) => restoreDump(context, call),
  };
}
