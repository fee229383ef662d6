// Applies the migrations of a folder to a database, in the way named. Prints what that took, as JSON.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [contender, url, folder, version, statements] = process.argv.slice(2);
const connection = { client: "mysql2", connection: url };
const silent = () => undefined;

/** Each loads its packages and returns what is to be measured. */
const PROGRAMS = {
  upgate: async () => {
    const { resolveSettings } = await import("../../dist/upgrade/settings.js");
    const { openContext } = await import("../../dist/upgrade/open-context.js");
    const { Upgrader } = await import("../../dist/upgrade/upgrader.js");
    await import("../../dist/upgrade/actions.js"); // the upgrader would load it beside its first call
    const logger = { info: silent, warn: silent, error: console.error };
    const options = {
      version,
      database: url,
      migrations: folder,
      dataDir: path.dirname(folder),
      installKey: "of the benchmark only",
      logger,
    };
    return async () => {
      const upgrader = new Upgrader(openContext(resolveSettings(options)));
      const { status, error } = await (await upgrader.start({ where: "here" })).finished;
      if (status !== "completed") throw new Error(`the run ended as ${status}: ${error?.message}`);
    };
  },
  knex: async () => {
    const { default: knexFactory } = await import("knex");
    return () => knexFactory(connection).migrate.latest({ directory: folder });
  },
  umzug: async () => {
    const { default: knexFactory } = await import("knex");
    const { Umzug } = await import("umzug");
    const require = createRequire(import.meta.url);
    return () => {
      const resolve = ({ name, path: file, context }) => {
        const migration = require(file);
        return { name, up: () => migration.up(context), down: () => migration.down(context) };
      };
      const migrations = { glob: ["*.js", { cwd: folder }], resolve };
      const knex = knexFactory(connection);
      return new Umzug({ migrations, context: () => knex, storage: KNEX_STORAGE, logger: undefined }).up(); // a knex is a function itself
    };
  },
  raw: async () => {
    const { createConnection } = await import("mysql2/promise");
    const recorded = JSON.parse(readFileSync(statements, "utf8"));
    return async () => {
      const bare = await createConnection(url);
      for (const { sql, bindings } of recorded) await bare.query(sql, bindings);
    };
  },
};

/** As umzug's documentation describes a storage of one's own. */
const KNEX_STORAGE = {
  async executed({ context: knex }) {
    if (!(await knex.schema.hasTable("umzug_migration")))
      await knex.schema.createTable("umzug_migration", (table) => table.string("name").primary());
    return knex("umzug_migration").orderBy("name").pluck("name");
  },
  logMigration: ({ name, context: knex }) => knex("umzug_migration").insert({ name }),
  unlogMigration: ({ name, context: knex }) => knex("umzug_migration").where({ name }).delete(),
};

if (readdirSync(folder).length === 0) throw new Error(`${folder} holds no migrations`);
await import("mysql2"); // knex would load it beside its first instance
const apply = await PROGRAMS[contender]();
const before = process.cpuUsage();
const beganMs = performance.now();
await apply();
const ms = performance.now() - beganMs;
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ ms, cpuMs: (user + system) / 1000 }), () => process.exit());
