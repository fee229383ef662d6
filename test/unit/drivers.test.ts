import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { createUpgate } from "../../src/index.js";
import { isUpgateError } from "../../src/core/errors.js";
import { loadModule, loadSource } from "../../src/release/load-module.js";
import { databaseSource, requireKnex } from "../../src/store/connect.js";
import { tempFolder } from "./support/temp-folder.js";

describe("a database's driver", () => {
  test("that is not installed is named, before anything is written", (t) => {
    const folder = tempFolder(t, { "migrations/1.0.0/0001-a.mjs": "export const up = () => {};" });
    const options = { version: "1.0.0", migrations: path.join(folder, "migrations"), dataDir: path.join(folder, "data") };
    assert.throws(
      () => createUpgate({ ...options, database: { client: "mysql", connection: { host: "127.0.0.1", database: "shop" } } }),
      (error) =>
        isUpgateError(error, "ERR_UPGATE_DRIVER_MISSING") &&
        /package mysql,/.test(error.message) &&
        error.remedy.endsWith("npm install mysql"),
    );
  });

  test("of an address is upgate's own mysql2 where the host has none", (t) => {
    const { config, dialect } = databaseSource("mysql://u:p@127.0.0.1:1/shop", tempFolder(t));
    assert.equal(dialect, "mysql");
    assert.equal(typeof config.client, "function");
  });

  test("another database than MySQL, MariaDB and SQLite is refused by name", () => {
    assert.throws(() => databaseSource({ client: "pg", connection: {} }, "/"), { code: "ERR_UPGATE_OPTIONS", message: /not on pg/ });
  });
});

describe("the installed knex", () => {
  test("3 and later fit", () => ["3.0.0", "3.3.0", "4.0.0-next.1"].forEach(requireKnex));
  for (const version of ["2.5.1", "0.95.15", ""])
    test(`${version || "an unknown one"} does not`, () => assert.throws(() => requireKnex(version), { code: "ERR_UPGATE_KNEX" }));
});

describe("a file of the vendor's", () => {
  for (const [name, first, second] of [
    ["module.mjs", "export const n = 1;", "export const n = 2;"],
    ["module.cjs", "exports.n = 1;", "exports.n = 2;"],
  ] as const)
    test(`${name} that was corrected since is loaded again`, async (t) => {
      const file = path.join(tempFolder(t, { [name]: first }), name);
      assert.equal((await loadModule(file, "a"))["n"], 1);
      writeFileSync(file, second);
      assert.equal((await loadModule(file, "a"))["n"], 1, "the same checksum is the same module");
      assert.equal((await loadModule(file, "b"))["n"], 2);
    });

  for (const [name, source] of [
    ["required.js", (n: number) => `exports.n = ${n};`],
    ["imported.mjs", (n: number) => `export const n = ${n};`],
    ["typescript.cjs", (n: number) => `"use strict"; Object.defineProperty(exports, "__esModule", { value: true }); exports.n = ${n};`],
  ] as const)
    test(`${name} is what it is now, also when it is put back`, async (t) => {
      const file = path.join(tempFolder(t, { [name]: "" }), name);
      for (const n of [1, 2, 2, 1]) {
        writeFileSync(file, source(n));
        assert.equal((await loadSource(file, source(n), String(n)))["n"], n);
      }
    });
});
