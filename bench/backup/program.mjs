// Makes, checks or restores a backup, as upgate does it, in a process that does nothing else. Prints what that took, as JSON.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import knexFactory from "knex";
import { driverFor } from "../../dist/backup/backup-driver.js";
import { BackupFolder } from "../../dist/backup/backup-folder.js";

const { task, url, driver: driverName, dataDir, id, scratch } = JSON.parse(process.argv[2]);
const nothing = async () => undefined;
const call = { signal: new AbortController().signal, onProgress: () => undefined };
const folder = new BackupFolder(dataDir);
const workDir = path.join(dataDir, "work");
mkdirSync(workDir, { recursive: true, mode: 0o700 });
const { hostname: host, port, username: user, pathname } = new URL(url);
const database = pathname.slice(1);
const target = { dialect: "mysql", host, port: Number(port), socketPath: null, user, password: "", database, ssl: null };

/** The most that this process has had in memory, bytes. */
const peak = () => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;

const tasks = {
  create: async (driver) => {
    const facts = { version: "1.0.0", runId: null, database, dialect: "mysql", server: "MariaDB" };
    const manifest = await folder.create(driver, facts, { ...call, exclude: [] });
    return { id: manifest.id, rows: manifest.rows, bytes: manifest.bytes };
  },
  check: async (driver) => ({ rows: (await folder.check(id, driver, call)).rows }),
  restore: async (driver, manifest) => {
    const whole = { done: new Set(), keep: [], first: [], last: [], beforePart: nothing, onPart: nothing };
    await driver.restore({ ...call, ...whole, folder: folder.folderOf(id), manifest, scratch });
    return {};
  },
};

await import("mysql2"); // knex would load it beside the first query
const basePeak = peak();
const startNs = process.hrtime.bigint();
const knex = knexFactory({ client: "mysql2", connection: url, pool: { min: 0, max: 2 } });
const manifest = id ? folder.read(id) : { id: "", dialect: "mysql", driver: driverName };
const done = await tasks[task](await driverFor(manifest, { target, knex, workDir, host: null }), manifest);
const ms = Number(process.hrtime.bigint() - startNs) / 1e6;
await knex.destroy();
process.stdout.write(JSON.stringify({ ...done, ms, basePeak, peak: peak() }), () => process.exit());
