import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { DEPENDENCIES, type Files, firstPage, PACKAGES, type VendorProject, vendorProject } from "../support/vendor-project.js";
import { until } from "../support/wait.js";

let project: VendorProject;
afterEach(() => project.remove());

describe("upgate init in an ESM application: Express 5, an asynchronous knexfile, SQLite that is not there yet", () => {
  const FILES: Files = {
    "package.json": {
      name: "forum",
      version: "1.0.0",
      type: "module",
      scripts: { start: "node src/server.js" },
      dependencies: DEPENDENCIES,
    },
    "knexfile.mjs": `import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const BetterSqlite3 = require("knex/lib/dialects/better-sqlite3/index.js");

export default async function () {
  return {
    client: class extends BetterSqlite3 { _driver() { return require("libsql"); } },
    connection: { filename: "./data/forum.db" },
    useNullAsDefault: true,
  };
}
`,
    "src/server.js": `import {
  createServer,
} from "node:http";
import express, { json } from "express";

export const app = express()
  .use(json());

app.get("/", (req, res) => res.send("The forum is open"));

const server = createServer(app).listen(0, "127.0.0.1", () => console.log("port " + server.address().port));
`,
    "migrations/20240101000000_topics.mjs": `export const up = (knex) => knex.schema.createTable("topics", (t) => t.increments("id"));\n`,
  };

  it("shows an import and two lines; closed until it is installed, then open", async () => {
    project = vendorProject({ files: FILES });
    const { status, stdout, stderr } = project.upgate("init", "--yes");
    assert.equal(status, 0, stdout + stderr);
    assert.match(stderr, /^database {5}SQLite, forum\.db: the file is not there yet$/m);
    assert.equal(
      stdout,
      `Wrote upgate.config.mjs and upgate.js.

In src/server.js, right after line 7 (.use(json());):

    app.use(upgate.guard());
    app.use("/install", upgate.installer());

In src/server.js, right after line 4 (import express, { json } from "express";):

    import { upgate } from "../upgate.js";

Next:
  1. Add the three lines.
  2. Look at the state: npx upgate status
  3. Start the application. Keep data/ out of version control.
`,
    );
    assert.equal(project.addLines(stdout), 3);
    assert.equal(project.upgate("status").status, 10);
    await project.running(["src/server.js"], async (site) => {
      assert.deepEqual(await firstPage(site), [503, "Down for Maintenance (Err 2)"]);
      const up = project.upgate("up", "--yes");
      assert.equal(up.status, 0, up.stderr);
      assert.deepEqual(await until("the open gate", async () => (await firstPage(site))[0] === 200 && firstPage(site)), [
        200,
        "The forum is open",
      ]);
    });
  });

  it("writes nothing in a dry run, and without an answer", () => {
    project = vendorProject({ files: FILES });
    const before = project.contents();
    const dry = project.upgate("init", "--dry-run");
    assert.equal(dry.status, 0);
    assert.match(dry.stdout, /^--- upgate\.config\.mjs\n/);
    assert.match(dry.stdout, /^Nothing was written; without --dry-run: upgate\.config\.mjs and upgate\.js\.$/m);
    assert.match(dry.stdout, /^ {4}app\.use\(upgate\.guard\(\)\);$/m);
    assert.deepEqual(project.contents(), before);
    const unasked = project.upgate("init");
    assert.equal(unasked.status, 1);
    assert.match(unasked.stderr, /ERR_UPGATE_UNCONFIRMED: Nobody can be asked here: Write upgate\.config\.mjs and upgate\.js\?/);
    assert.deepEqual(project.contents(), before);
  });

  it("asks on a terminal, having shown the files", () => {
    project = vendorProject({ files: FILES });
    const before = project.contents();
    const no = project.onTerminal("n\n", "init");
    assert.equal(no.status, 1);
    assert.match(no.stdout, /--- upgate\.js\r\n[^]*Write upgate\.config\.mjs and upgate\.js\? \[y\/N\][^]*Nothing was written\./);
    assert.deepEqual(project.contents(), before);
    const yes = project.onTerminal("y\n", "init");
    assert.equal(yes.status, 0);
    assert.match(yes.stdout, /Wrote upgate\.config\.mjs and upgate\.js\./);
    assert.deepEqual(Object.keys(project.contents()), [...Object.keys(before), "upgate.config.mjs", "upgate.js"].toSorted());
  });

  it("prints one object with --json", () => {
    project = vendorProject({ files: FILES });
    const { written, found, files, insertions, problems, next } = JSON.parse(project.upgate("init", "--yes", "--json").stdout);
    assert.deepEqual([written, problems, next.length], [true, [], 3]);
    assert.deepEqual(found.migrations, { folder: "migrations", style: "flat", files: 1 });
    assert.deepEqual(insertions[1], {
      file: "src/server.js",
      after: { line: 4, text: 'import express, { json } from "express";' },
      lines: ['import { upgate } from "../upgate.js";'],
    });
    for (const { file, text } of files) assert.equal(project.read(file), text);
  });

  it("never overwrites", () => {
    project = vendorProject({ files: FILES });
    project.upgate("init", "--yes");
    const before = project.contents();
    const again = project.upgate("init", "--yes");
    assert.equal(again.status, 1);
    assert.match(again.stderr, /^ERR_UPGATE_PROJECT: upgate\.config\.mjs and upgate\.js are here already\.$/m);
    assert.deepEqual(project.contents(), before);
  });
});

describe("upgate init in a TypeScript application", () => {
  const FILES: Files = {
    "package.json": { name: "desk", version: "3.0.0", type: "module", scripts: { start: "node dist/main.js" }, dependencies: DEPENDENCIES },
    "src/knexfile.ts": `import type { Knex } from "knex";

const config: Record<string, Knex.Config> = {
  development: { client: "mysql2", connection: { host: "127.0.0.1", port: 1, user: "desk", database: "desk" }, migrations: { directory: "./changes" } },
};

export default config;
`,
    "src/changes/20240101000000_desks.ts": `import type { Knex } from "knex";\nexport async function up(knex: Knex): Promise<void> {}\n`,
    "src/main.ts": `import express, { type Express } from "express";

const app: Express = express();
app.get("/", (_req, res) => void res.send("open"));
const server = app.listen(0, "127.0.0.1", () => console.log("port " + (server.address() as { port: number }).port));
`,
  };
  const packages = { ...PACKAGES, tsx: "tsx" };

  it("reads the source, and writes the type of upgate.js beside it", async () => {
    project = vendorProject({ files: FILES, packages, nodeArgs: ["--import", "tsx"] });
    const { status, stdout, stderr } = project.upgate("init", "--yes");
    assert.equal(status, 0, stdout + stderr);
    assert.match(stderr, /^migrations {3}src\/changes\/, 1 migration, flat$/m);
    assert.match(stdout, /^Wrote upgate\.config\.mjs, upgate\.js and upgate\.d\.ts\.$/m);
    assert.equal(project.addLines(stdout), 3);
    await project.running(["src/main.ts"], async (site) => assert.deepEqual(await firstPage(site), [503, "Down for Maintenance (Err 1)"]));
  });
});
