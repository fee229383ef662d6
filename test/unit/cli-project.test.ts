import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { projectVersion } from "../../src/cli/project/code-version.js";
import { compareHistory, type DatabaseFacts } from "../../src/cli/project/database-facts.js";
import { findEntryFile, systemOf } from "../../src/cli/project/entry-file.js";
import { nextSteps } from "../../src/cli/project/next-steps.js";
import { installedVersion, parsePackage } from "../../src/cli/project/package-file.js";
import { insertionsFor, upgateModule } from "../../src/cli/project/upgate-module.js";
import { candidatesAmong, versionOf } from "../../src/cli/project/version-row-search.js";
import { knexWorkspaces } from "../../src/cli/project/workspaces.js";
import { tempFolder } from "./support/temp-folder.js";

describe("package.json", () => {
  test("is read as far as it is well-formed", () => {
    const parsed = parsePackage({
      name: "@acme/shop",
      version: 7,
      type: "esm",
      main: "",
      scripts: { start: "node ." },
      dependencies: { knex: "3" },
    });
    assert.deepEqual(
      { ...parsed, dependencies: [...parsed.dependencies] },
      {
        name: "@acme/shop",
        product: "shop",
        version: null,
        type: null,
        main: null,
        startScript: "node .",
        dependencies: ["knex"],
        workspaces: [],
        knexfile: null,
      },
    );
    assert.deepEqual(parsePackage({ workspaces: { packages: ["a"] }, knex: { knexfile: "k.js" }, productName: "P" }).workspaces, ["a"]);
    assert.throws(() => parsePackage([]), /not a JSON object/);
  });

  for (const [given, version, problem] of [
    ["8.6.1", "8.6.1", null],
    [null, "1.0.0", /has no version/],
    ["v8.6.1", "8.6.1", /"v8\.6\.1" must be a semver version/],
    ["8.6.1+5", "8.6.1", /must carry no build metadata/],
    ["latest", "1.0.0", /must be a semver version/],
  ] as const)
    test(`version ${given} gives ${version}`, () => {
      const found = projectVersion(given);
      assert.equal(found.version, version);
      if (problem === null) assert.equal(found.problem, null);
      else assert.match(found.problem ?? "", problem);
    });

  test("of an installed package is found as Node finds it, upwards", (t) => {
    const folder = tempFolder(t, { "node_modules/knex/package.json": '{"version":"3.1.0"}', "apps/a/package.json": "{}" });
    assert.deepEqual([installedVersion(`${folder}/apps/a`, "knex"), installedVersion(folder, "no-such-package")], ["3.1.0", null]);
  });
});

test("a monorepo's packages with knex are named", (t) => {
  const knex = '{"dependencies":{"knex":"3"}}';
  const files = { "apps/b/package.json": knex, "apps/a/package.json": knex, "apps/c/package.json": "{}", "tool/package.json": knex };
  const folder = tempFolder(t, { ...files, "pnpm-workspace.yaml": "packages:\n  # all\n  - 'apps/*'\n  - ./tool\n  - '!apps/b'\n" });
  assert.deepEqual(knexWorkspaces(folder, parsePackage({})), ["apps/a", "apps/b", "tool"]);
  assert.equal(knexWorkspaces(tempFolder(t), parsePackage({})), null);
});

describe("the entry file", () => {
  const APP = 'const express = require("express");\nconst app = express();\n';
  for (const [what, packageJson, files, expected] of [
    [
      "named by the start script",
      { scripts: { start: "NODE_ENV=production node --enable-source-maps web.js" } },
      { "web.js": APP, "app.js": APP },
      "web.js",
    ],
    ["named without extension", { scripts: { start: "node server" } }, { "server.js": APP }, "server.js"],
    ["a folder's index", { scripts: { start: "node ./src" } }, { "src/index.js": APP }, "src/index.js"],
    ["named by main", { main: "lib/site.js" }, { "lib/site.js": APP }, "lib/site.js"],
    [
      "required by what is started",
      { scripts: { start: "node ./bin/www" } },
      { "bin/www": 'var app = require("../app");', "app.js": APP },
      "app.js",
    ],
    ["imported at third hand", {}, { "index.mjs": 'import "./a/b.mjs";', "a/b.mjs": 'import "../c.js";', "c.js": APP }, "c.js"],
    ["the source of what is started", { main: "dist/app.js" }, { "dist/app.js": APP, "src/app.ts": APP }, "src/app.ts"],
    ["without an application", { main: "x.js" }, { "x.js": "go();" }, "x.js"],
  ] as const)
    test(what, (t) =>
      assert.equal(findEntryFile(tempFolder(t, files as Record<string, string>), parsePackage(packageJson))?.file, expected),
    );

  test("not there", (t) => assert.equal(findEntryFile(tempFolder(t), parsePackage({ main: "gone.js" })), null));

  for (const [file, type, isImport, expected] of [
    ["a.js", null, false, "cjs"],
    ["a.js", null, true, "esm"],
    ["a.js", "commonjs", true, "cjs"],
    ["a.js", "module", false, "esm"],
    ["a.cjs", "module", false, "cjs"],
    ["a.mts", "commonjs", true, "esm"],
  ] as const)
    test(`${file}, type ${type}${isImport ? ", written with import" : ""}, is ${expected}`, () =>
      assert.equal(systemOf(file, type, isImport), expected));
});

describe("upgate's module", () => {
  for (const [text, type, file, line] of [
    ['const app = require("express")();', "commonjs", "upgate.js", 'const { upgate } = require("./upgate.js");'],
    ['import express from "express";\nconst app = express();', null, "upgate.mjs", 'import { upgate } from "./upgate.mjs";'],
    ['import express from "express";\nconst app = express();', "module", "upgate.js", 'import { upgate } from "./upgate.js";'],
  ] as const)
    test(`${file} beside ${type ?? "no type"}: ${line}`, (t) => {
      const packageFile = parsePackage({ type });
      const entry = findEntryFile(tempFolder(t, { "app.js": text }), packageFile);
      const module = upgateModule(entry, packageFile.type);
      assert.equal(module.file, file);
      const shown = insertionsFor(entry, module).flatMap(({ lines }) => lines);
      assert.deepEqual(shown.toSorted(), [line, "app.use(upgate.guard());", 'app.use("/install", upgate.installer());'].toSorted());
    });

  test("without an entry file is shown in package.json's module system", () => {
    const [insertion] = insertionsFor(null, upgateModule(null, "module"));
    assert.deepEqual([insertion?.file, insertion?.lines[0]], [null, 'import { upgate } from "./upgate.js";']);
  });

  test("of CommonJS in an ESM package", (t) => {
    const entry = findEntryFile(tempFolder(t, { "app.cjs": 'const app = require("express")();' }), parsePackage({ type: "module" }));
    assert.equal(upgateModule(entry, "module").file, "upgate.cjs");
  });
});

describe("a version row of the host's", () => {
  test("lies in a table with a column for names and one for values; upgate's default table is first", () => {
    const columns = new Map([
      ["a_settings", ["id", "name", "value"]],
      ["tbl_config", ["setting", "value", "updated_at"]],
      ["tblconfiguration", ["id", "Setting", "Value"]],
      ["upgate_secret", ["name", "value"]],
      ["odd-name", ["name", "value"]],
      ["users", ["id", "name", "email"]],
    ]);
    assert.deepEqual(
      candidatesAmong(columns).map(({ table, keyColumn }) => `${table}.${keyColumn}`),
      ["tbl_config.setting", "a_settings.name", "tblconfiguration.Setting"],
    );
  });

  for (const [text, version, isShort] of [
    ["8.6.1-release.1", "8.6.1-release.1", false],
    [" 8.6.1 ", "8.6.1", false],
    ["8.6", "8.6.0", true],
  ] as const)
    test(`says ${version} by ${JSON.stringify(text)}`, () => assert.deepEqual(versionOf(text), { version, isShort }));
  for (const text of ["8", "", null, "eight", "8.6.1.2"])
    test(`says no version by ${JSON.stringify(text)}`, () => assert.equal(versionOf(text), null));
});

describe("knex's history", () => {
  test("is compared by names without extension", () => {
    const files = [{ name: "1_a" }, { name: "2_b" }];
    assert.deepEqual(compareHistory("k", ["1_a.ts", "0_gone.js"], files), { table: "k", rows: 2, onDisk: 2, missing: ["2_b"] });
  });
});

describe("what comes next", () => {
  const read = (more: Partial<Extract<DatabaseFacts, { kind: "read" }>>): DatabaseFacts => ({
    kind: "read",
    label: "x",
    tables: 3,
    versionRows: [],
    history: null,
    isKnown: false,
    ...more,
  });
  const row = { table: "settings", keyColumn: "k", key: "version", valueColumn: "v", text: "9.0.0", version: "9.0.0", isShort: false };
  const history = { table: "knex_migrations", rows: 2, onDisk: 2, missing: [] };
  for (const [what, database, expected] of [
    ["an empty database", read({ tables: 0 }), null],
    ["tables without a version", read({}), /npx upgate baseline <version>/],
    ["a whole history", read({ history }), /knex_migrations holds all of them/],
    [
      "a gap",
      read({ history: { ...history, missing: ["b", "c"] } }),
      /takes knex_migrations over as history; the first upgrade brings b and 1 more\./,
    ],
    ["a version row", read({ versionRows: [{ ...row, text: "8.0.0", version: "8.0.0" }] }), null],
    ["a version row ahead of the files", read({ versionRows: [row] }), /settings says 9\.0\.0, the files say 8\.6\.1/],
    ["an unreachable database", { kind: "unreachable", label: "x", reason: "no" }, /Start the database server/],
    ["no database known", { kind: "unnamed" }, null],
  ] as [string, DatabaseFacts, RegExp | null][])
    test(`with ${what}`, () => {
      const steps = nextSteps({ database, version: "8.6.1", migrations: 0, isTypeScript: false, problems: [] });
      if (expected === null) assert.equal(steps.length, 3);
      else assert.match(steps[1] ?? "", expected);
    });

  test("with a version row, and migrations that nobody recorded", () => {
    const facts = { database: read({ versionRows: [{ ...row, version: "8.0.0" }] }), version: "8.6.1", isTypeScript: false, problems: [] };
    assert.match(nextSteps({ ...facts, migrations: 3 })[1] ?? "", /migrations of releases up to .* count as applied/);
    assert.equal(nextSteps({ ...facts, migrations: 0 }).length, 3);
  });

  test("with a database that upgate knows already", () =>
    assert.equal(
      nextSteps({ database: read({ isKnown: true }), version: "1.0.0", migrations: 3, isTypeScript: false, problems: [] }).length,
      3,
    ));

  test("begins with what the configuration lacks", () => {
    const steps = nextSteps({
      database: { kind: "unnamed" },
      version: "1.0.0",
      migrations: 0,
      isTypeScript: true,
      problems: ["database: is required"],
    });
    assert.equal(steps[0], "Correct upgate.config.mjs: database: is required");
    assert.match(steps[2] ?? "", /NODE_OPTIONS="--import tsx" npx upgate status/);
  });
});
