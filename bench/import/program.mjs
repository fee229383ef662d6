// Imports the packages named; with a database, makes upgate as well. Prints the CPU time that its process has taken, µs.
const [names, database, migrations] = process.argv.slice(2);

let last;
for (const name of names.split(",")) last = await import(name);
const silent = () => undefined;
const logger = { info: silent, warn: silent, error: console.error };
if (database)
  last.createUpgate({ version: "1.0.0", database, migrations, dataDir: migrations, logger, installKey: "of the benchmark only" });

const { user, system } = process.cpuUsage();
process.stdout.write(String(user + system), () => process.exit()); // before the first reading: that is the database's time
