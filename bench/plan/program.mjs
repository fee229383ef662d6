// Plans a folder's migrations for a database, from a process that has done nothing else. Prints what that took, as JSON.
import path from "node:path";

const [url, migrations, version] = process.argv.slice(2);
const silent = () => undefined;
const logger = { info: silent, warn: silent, error: console.error };
const options = { version, database: url, migrations, dataDir: path.dirname(migrations), installKey: "of the benchmark only", logger };

const loadMs = performance.now();
const { resolveSettings } = await import("../../dist/upgrade/settings.js");
const { openContext } = await import("../../dist/upgrade/open-context.js");
const { Upgrader } = await import("../../dist/upgrade/upgrader.js");
await import("../../dist/upgrade/actions.js"); // the upgrader would load it beside its first call
await import("mysql2"); // and knex the driver beside the context

const openMs = performance.now();
const context = openContext(resolveSettings(options));
const planMs = performance.now();
const plan = await new Upgrader(context).plan();
const doneMs = performance.now();

const figures = { loadMs: openMs - loadMs, openMs: planMs - openMs, planMs: doneMs - planMs, pending: plan.length };
process.stdout.write(JSON.stringify(figures), () => process.exit());
