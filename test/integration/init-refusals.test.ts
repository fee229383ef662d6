import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { DEPENDENCIES, type Files, PACKAGES, type VendorOptions, type VendorProject, vendorProject } from "../support/vendor-project.js";

let project: VendorProject;
afterEach(() => project.remove());

describe("upgate init refuses, and writes nothing", () => {
  const GOOD: Files = {
    "package.json": { name: "shop", version: "1.0.0", dependencies: DEPENDENCIES },
    "knexfile.js": `module.exports = { client: "mysql2", connection: "mysql://root@127.0.0.1:1/shop" };`,
    "server.js": `const app = require("express")();`,
  };
  const without = (name: string): Files => Object.fromEntries(Object.entries(GOOD).filter(([file]) => file !== name));
  const only = (...names: (keyof typeof PACKAGES)[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, PACKAGES[name]]));

  const cases: readonly [what: string, options: VendorOptions, code: string, message: RegExp, args?: readonly string[]][] = [
    [
      "no package.json",
      { files: without("package.json") },
      "PROJECT",
      /There is no package\.json in .*\.\nChange into the application's folder/,
    ],
    ["a package.json that is no JSON", { files: { ...GOOD, "package.json": "{" } }, "PROJECT", /package\.json can't be read: /],
    [
      "no knex",
      { files: { ...GOOD, "package.json": {} }, packages: only("express", "upgate") },
      "KNEX",
      /knex is not installed here; .*\n.*npm install knex/,
    ],
    [
      "knex in package.json only",
      { files: GOOD, packages: only("express", "upgate") },
      "KNEX",
      /knex is in package\.json, but not installed\.\nRun: npm install\n/,
    ],
    [
      "knex 2",
      { files: GOOD, packages: { ...PACKAGES, knex: { version: "2.5.1" } } },
      "KNEX",
      /knex 2\.5\.1 is installed here; upgate works with knex 3\./,
    ],
    [
      "Express 3",
      { files: GOOD, packages: { ...PACKAGES, express: { version: "3.21.2" } } },
      "PROJECT",
      /Express 3\.21\.2 is installed here; .*4\.18/,
    ],
    [
      "Express 4.17",
      { files: GOOD, packages: { ...PACKAGES, express: { version: "4.17.3" } } },
      "PROJECT",
      /Express 4\.17\.3 is installed/,
    ],
    [
      "no Express",
      { files: { ...GOOD, "package.json": {} }, packages: only("knex", "upgate") },
      "PROJECT",
      /Express is not installed here/,
    ],
    [
      "no upgate",
      { files: GOOD, packages: only("knex", "express") },
      "PROJECT",
      /upgate is not installed in this project\.\nRun: npm install upgate/,
    ],
    [
      "a knexfile that throws",
      { files: { ...GOOD, "knexfile.js": `throw new Error("DB_HOST is not set");` } },
      "PROJECT",
      /knexfile\.js can't be loaded: DB_HOST is not set\n/,
    ],
    [
      "a knexfile that rejects",
      { files: { ...GOOD, "knexfile.js": `module.exports = async () => { throw new Error("no vault"); };` } },
      "PROJECT",
      /knexfile\.js can't be loaded: no vault\n/,
    ],
    ["an empty knexfile", { files: { ...GOOD, "knexfile.js": "" } }, "PROJECT", /knexfile\.js names no client/],
    [
      "an environment that is not there",
      { files: { ...GOOD, "knexfile.js": `module.exports = { production: { client: "mysql2" } };` } },
      "PROJECT",
      /knexfile\.js has no environment "development"; it has production\.\n.*NODE_ENV=production npx upgate init/,
    ],
    [
      "two knexfiles",
      { files: { ...GOOD, "src/knexfile.ts": "" } },
      "PROJECT",
      /There are 2 knexfiles: knexfile\.js, src\/knexfile\.ts\.\n.*--knexfile knexfile\.js/,
    ],
    ["a knexfile that does not exist", { files: GOOD }, "PROJECT", /The knexfile db\/k\.js does not exist\./, ["--knexfile", "db/k.js"]],
    [
      "PostgreSQL",
      { files: { ...GOOD, "knexfile.js": `module.exports = { client: "pg", connection: {} };` } },
      "PROJECT",
      /of the kind "pg": upgate works on MySQL, MariaDB and SQLite, not on pg\./,
    ],
    [
      "DATABASE_URL of PostgreSQL",
      { files: without("knexfile.js"), env: { DATABASE_URL: "postgres://u@127.0.0.1/x" } },
      "PROJECT",
      /DATABASE_URL names a database of the kind "postgres"/,
    ],
    [
      "migrations in two folders",
      { files: { ...GOOD, "knexfile.js": `module.exports = { client: "mysql2", migrations: { directory: ["a", "b"] } };` } },
      "PROJECT",
      /knexfile\.js names 2 migration folders; upgate reads one\.\n.*a, b/,
    ],
    [
      "migrations from a source",
      { files: { ...GOOD, "knexfile.js": `module.exports = { client: "mysql2", migrations: { migrationSource: {} } };` } },
      "PROJECT",
      /migrationSource, and upgate init sets up folders only/,
    ],
    [
      "migrations in another language",
      {
        files: {
          ...GOOD,
          "knexfile.js": `module.exports = { client: "mysql2", migrations: { loadExtensions: [".js", ".coffee"] } };`,
          "migrations/1.coffee": "",
        },
      },
      "PROJECT",
      /can't read migrations such as \S*migrations\/1\.coffee, which knexfile\.js lets knex load\.\n/,
    ],
    [
      "migrations in folders that are no versions",
      { files: { ...GOOD, "migrations/v8.6/1.js": "" } },
      "PROJECT",
      /the folder "v8.6" holds migrations/,
    ],
    [
      "a monorepo's root",
      {
        files: {
          "package.json": { workspaces: ["apps/*"] },
          "apps/shop/package.json": { dependencies: DEPENDENCIES },
          "apps/site/package.json": {},
        },
      },
      "PROJECT",
      /root of a monorepo, not an application\.\n.*These packages use knex: apps\/shop\n/,
    ],
    [
      "a pnpm monorepo's root",
      { files: { "package.json": {}, "pnpm-workspace.yaml": 'packages:\n  - "apps/*"\n', "apps/a/package.json": {} } },
      "PROJECT",
      /root of a monorepo/,
    ],
  ];
  for (const [what, options, code, message, args = []] of cases)
    it(what, () => {
      project = vendorProject(options);
      const before = project.contents();
      const { status, stdout, stderr } = project.upgate("init", "--yes", ...args);
      assert.deepEqual([status, stdout], [1, ""], stderr);
      assert.match(stderr, new RegExp(`^ERR_UPGATE_${code}: `, "m"));
      assert.match(stderr, message);
      assert.deepEqual(project.contents(), before);
    });
});
