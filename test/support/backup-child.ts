/** Makes a backup in a process of its own, to be killed: its options come as JSON in the first argument. */
import knexFactory from "knex";
import { openBackupDriver } from "../../src/backup/backup-driver.js";
import { BackupFolder } from "../../src/backup/backup-folder.js";
import type { BackupTool } from "../../src/core/backup.js";
import { FACTS } from "./backups.js";
import { mysqlTarget } from "./backups.js";

const { url, workDir, dataDir, tool } = JSON.parse(process.argv[2] ?? "{}") as {
  url: string;
  workDir: string;
  dataDir: string;
  tool: BackupTool;
};
const knex = knexFactory({ client: "mysql2", connection: url });
const driver = await openBackupDriver({ target: mysqlTarget(url), knex, workDir, host: null, tool });
const onProgress = (): void => console.log("under way");
await new BackupFolder(dataDir).create(driver, FACTS, { signal: new AbortController().signal, onProgress, exclude: [] });
await knex.destroy();
