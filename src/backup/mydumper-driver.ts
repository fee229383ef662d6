import type { BackupDriver } from "../core/backup.js";
import { restoreDump } from "./dump-restore.js";
import { createMydumper } from "./mydumper-create.js";
import { verifyMydumper } from "./mydumper-verify.js";
import type { MysqlContext } from "./mysql-context.js";

/** Backups of MySQL and MariaDB by several threads: the rows by mydumper, all else by the tools that come with the server. */
export function mydumperDriver(context: MysqlContext): BackupDriver {
  return {
    name: "mydumper",
    create: (call) => createMydumper(context, call),
    verify: async (call) => verifyMydumper(call, context.path),
    restore: (call) => restoreDump(context, call, "row files"),
  };
}
