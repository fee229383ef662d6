import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";
import knexFactory from "knex";
import { connectStore, databaseSource } from "../../src/store/connect.js";
import { until } from "../support/wait.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import {
  DEPENDENCIES,
  type Files,
  firstPage,
  PACKAGES,
  type VendorOptions,
  type VendorProject,
  vendorProject,
} from "../support/vendor-project.js";

const kinds = await databaseKinds();
const server = kinds.find(({ name }) => name === "MariaDB") as DatabaseKind;
after(async () => {
  for (const kind of kinds) await kind.stop();
});

let project: VendorProject;
afterEach(() => project.remove());

const lay = (options: VendorOptions): VendorProject => (project = vendorProject(options));

/** Creates the customers' table and fills it, in knex's CommonJS form. */
const CUSTOMERS = {
  "20240101000000_customers.js": `exports.up = (knex) => knex.schema.createTable("customers", (t) => { t.increments("id"); t.string("name"); });
exports.down = (knex) => knex.schema.dropTable("customers");
`,
  "20240215120000_first_customers.js": `exports.up = (knex) => knex("customers").insert([{ name: "Ada" }, { name: "Grace" }]);
exports.down = (knex) => knex("customers").del();
`,
};

function inFolder(folder: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}

describe("upgate init in a CommonJS application: Express 4, a knexfile per environment, MariaDB with knex's own history", () => {
  const APP = `"use strict";
const express = require("express");
const createKnex = require("knex");
const knexfile = require("../knexfile");

function createApp() {
  const knex = createKnex(knexfile[process.env.NODE_ENV || "development"]);
  // const app = express();
  const app = express();

  app.get("/", (req, res, next) => {
    knex("customers").count({ n: "*" }).first().then(({ n }) => res.send(n + " customers"), next);
  });
  return app;
}

module.exports = { createApp };
`;
  const files = (address: string): Files => ({
    "package.json": {
      name: "@acme/shop",
      productName: "Acme Shop",
      version: "2.4.0",
      scripts: { start: "node ./bin/www" },
      dependencies: DEPENDENCIES,
    },
    "knexfile.js": `module.exports = {
  development: {
    client: "mysql2",
    connection: ${JSON.stringify(address)},
    migrations: { directory: "./db/changes", tableName: "shop_history" },
  },
  production: { client: "mysql2", connection: process.env.SHOP_DATABASE },
};
`,
    "bin/www": `const { createApp } = require("../src/app");
const server = createApp().listen(0, "127.0.0.1", () => console.log("port " + server.address().port));
`,
    "src/app.js": APP,
    "EULA.md": "# Licence\n",
    "CHANGELOG.md": "# Changelog\n",
    ...inFolder("db/changes", CUSTOMERS),
  });

  /** The release is written down at the first start; nobody has to say it. */
  const opens = async (site: string): Promise<void> =>
    assert.deepEqual(await until("the open gate", async () => (await firstPage(site))[0] === 200 && firstPage(site)), [200, "2 customers"]);

  async function laidDown(migrate: number): Promise<{ address: string }> {
    const { address } = await server.create();
    lay({ files: files(address), packages: { ...PACKAGES, express: "express4" } });
    const knex = knexFactory({
      client: "mysql2",
      connection: address,
      migrations: { directory: `${project.folder}/db/changes`, tableName: "shop_history" },
    });
    for (let count = 0; count < migrate; count++) await knex.migrate.up();
    await knex.destroy();
    return { address };
  }

  it("finds everything, and the three lines at their place make it an application under upgate", async () => {
    const { address } = await laidDown(2);
    const { status, stdout, stderr } = project.upgate("init", "--yes");
    assert.equal(status, 0, stderr);
    const label = `${new URL(address).pathname.slice(1)} on 127.0.0.1:${new URL(address).port}`;
    assert.equal(
      stderr,
      `application  Acme Shop 2.4.0
express      4.22.3
knex         3.3.0
knexfile     knexfile.js, development
migrations   db/changes/, 2 migrations, flat
database     ${label}, 1 table
             shop_history holds all of them
licence      EULA.md
notes        CHANGELOG.md
entry        src/app.js:9  const app = express();

`,
    );
    assert.equal(
      stdout,
      `Wrote upgate.config.mjs and upgate.js.

In src/app.js, right after line 9 (const app = express();):

      const { upgate } = require("../upgate.js");
      app.use(upgate.guard());
      app.use("/install", upgate.installer());

Next:
  1. Add the three lines.
  2. Nothing to do for the migrations: shop_history holds all of them, and upgate takes it over as history.
  3. Look at the state: npx upgate status
  4. Start the application. Keep data/ out of version control.
`,
    );
    assert.equal(project.addLines(stdout), 3);
    await project.running(["bin/www"], opens);
    assert.equal(project.upgate("status").status, 0);
  });

  it("says what is missing in knex's history", async () => {
    await laidDown(1);
    const { stdout, stderr } = project.upgate("init", "--yes");
    assert.match(stderr, /^ {13}shop_history has 1 row and holds 1 of the 2 on disk$/m);
    assert.match(stdout, /upgate takes shop_history over as history; the first upgrade brings 20240215120000_first_customers\./);
  });

  it("goes on without a database that can't be reached", () => {
    lay({ files: files("mysql://root@127.0.0.1:1/shop") });
    const { status, stdout, stderr } = project.upgate("init", "--yes");
    assert.equal(status, 0);
    assert.match(stderr, /^database {5}shop on 127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1$/m);
    assert.match(stdout, /2\. Start the database server, or correct its address; it could not be looked at\./);
  });

  it("waits for a knexfile that is an asynchronous function, though require() can't", async () => {
    const { address } = await laidDown(2);
    project.write({
      "knexfile.js": `module.exports = async () => ({ client: "mysql2", connection: ${JSON.stringify(address)}, migrations: { directory: "db/changes", tableName: "shop_history" } });`,
      "src/app.js": APP.replace(
        `knexfile[process.env.NODE_ENV || "development"]`,
        `{ client: "mysql2", connection: ${JSON.stringify(address)} }`,
      ),
    });
    const { status, stdout, stderr } = project.upgate("init", "--yes");
    assert.equal(status, 0, stdout + stderr);
    assert.match(
      project.read("upgate.config.mjs"),
      /connection: async \(\) => \(await knexfile\(\)\)\.connection,\n {4}migrations: \{ tableName: "shop_history" \},/,
    );
    project.addLines(stdout);
    await project.running(["bin/www"], opens);
  });
});

describe("upgate init in an application without a knexfile", () => {
  const FILES: Files = {
    "package.json": { name: "panel", version: "8.6.1-release.1", main: "index.js", dependencies: DEPENDENCIES },
    "lib/db.js": `// knex()\nconst knex = require("knex");\nmodule.exports = knex({ client: "mysql2", connection: process.env.PANEL_DATABASE });\n`,
    "index.js": `var app = require("express")();
app.get("/", function (req, res) { res.send("The panel is open"); });
var server = app.listen(0, "127.0.0.1", function () { console.log("port " + server.address().port); });
`,
  };

  for (const kind of kinds)
    it(`takes DATABASE_URL and a table that keeps the version already, on ${kind.name}`, async () => {
      const { address } = await kind.create();
      const knex = connectStore(databaseSource(address, "/"));
      await knex.raw("CREATE TABLE tblconfiguration (id INTEGER PRIMARY KEY, setting VARCHAR(64), value TEXT)");
      await knex("tblconfiguration").insert([
        { id: 1, setting: "Version", value: "8.6.1-release.1" },
        { id: 2, setting: "Theme", value: "six" },
      ]);
      await knex.destroy();
      lay({ files: FILES, env: { DATABASE_URL: address } });
      const { status, stdout, stderr } = project.upgate("init", "--yes");
      assert.equal(status, 0, stdout + stderr);
      assert.match(stderr, /^ {13}lib\/db\.js:3 makes the application's knex$/m);
      assert.match(stderr, /^ {13}tblconfiguration says 8\.6\.1-release\.1 \(setting "Version"\)$/m);
      assert.match(stdout, /^Wrote upgate\.config\.mjs, upgate\.js and migrations\/\.$/m);
      assert.match(
        project.read("upgate.config.mjs"),
        /^ {2}versionRow: \{ table: "tblconfiguration", keyColumn: "setting", key: "Version", valueColumn: "value" \},$/m,
      );
      assert.equal(project.addLines(stdout), 3);
      assert.equal(project.upgate("status").status, 0);
      await project.running(["index.js"], async (site) => assert.deepEqual(await firstPage(site), [200, "The panel is open"]));
    });

  it("writes what it can and says what the configuration lacks", () => {
    lay({ files: FILES });
    const { status, stdout } = project.upgate("init", "--yes");
    assert.equal(status, 1);
    assert.match(stdout, /^upgate\.config\.mjs can't be used yet: database: is required$/m);
    assert.match(project.read("upgate.config.mjs"), /\/\/ The database that lib\/db\.js connects to/);
  });
});
