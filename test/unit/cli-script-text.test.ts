import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { knexCallLine } from "../../src/cli/project/knex-makers.js";
import { findExpress, lastImportLine, relativeImports, usesImportSyntax, withoutComments } from "../../src/cli/project/script-text.js";

const lines = (...text: string[]): string => text.join("\n");

describe("where the Express application is made", () => {
  for (const [what, text, expected] of [
    ["CommonJS", lines('const express = require("express");', "const app = express();"), ["app", 2, ""]],
    ["ESM", lines('import express from "express";', "", "const app = express();"), ["app", 3, ""]],
    ["ESM with named imports", lines('import express, { Router } from "express";', "export const app = express()"), ["app", 2, ""]],
    ["a namespace", lines('import * as ex from "express";', "let site = ex();"), ["site", 2, ""]],
    ["in one go", 'var app = require("express")();', ["app", 1, ""]],
    ["TypeScript", lines('import express from "express";', "const app: express.Application = express();"), ["app", 2, ""]],
    ["import =", lines('import express = require("express");', "const app = express();"), ["app", 2, ""]],
    ["a function", lines('const express = require("express");', "function make() {", "  const app = express();", "}"), ["app", 3, "  "]],
    [
      "a class",
      lines('import express from "express";', "class A { constructor() {", "\tthis.app = express();", "} }"),
      ["this.app", 3, "\t"],
    ],
    ["a chain", lines('import e from "express";', "const app = e()", "  .use(a)", "  .use(b);", "app.get();"), ["app", 4, ""]],
    ["a list", lines('var e = require("express");', "var app = e(),", "  port = 3;", "go();"), ["app", 3, ""]],
    [
      "one of two: the one that listens",
      lines('const e = require("express");', "const admin = e();", "const app = e();", "app.listen(3);"),
      ["app", 3, ""],
    ],
    [
      "one of two: that of the server",
      lines('const e = require("express");', "const a = e();", "const b = e();", "http.createServer(b);"),
      ["b", 3, ""],
    ],
    [
      "not in comments",
      lines('const express = require("express");', "// const app = express();", "/*", "const x = express();", "*/"),
      null,
    ],
    ["not of other packages", lines('const express = require("express-lite");', "const app = express();"), null],
    ["not a router", lines('const express = require("express");', "const router = express.Router();"), null],
  ] as const)
    test(what, () => {
      const found = findExpress(withoutComments(text));
      assert.deepEqual(found && [found.variable, found.line, found.indent], expected);
    });
});

describe("a text's imports", () => {
  const text = lines(
    "#!/usr/bin/env node",
    'import a from "./a.js";',
    "import {",
    "  b,",
    '} from "../b.js";',
    'import "dotenv/config"; // first',
    "",
    'const c = require("./c");',
    'const d = await import("./d.mjs");',
    '// import e from "./e.js";',
    'export { f } from "./f.js";',
    "const url = 'http://x.test//y';",
  );
  const code = withoutComments(text);

  test("relative ones, in order", () => assert.deepEqual(relativeImports(code), ["./a.js", "../b.js", "./c", "./d.mjs", "./f.js"]));
  test("end at a line", () => assert.deepEqual([lastImportLine(code), lastImportLine("const a = 1;")], [6, null]));
  test("keep their line numbers without comments", () => {
    assert.equal(code.split("\n").length, text.split("\n").length);
    assert.match(code, /'http:\/\/x\.test\/\/y'/);
  });
});

describe("import syntax", () => {
  for (const [text, expected] of [
    ['import a from "a";', true],
    ['import "a";', true],
    ["export default 1;", true],
    ["export async function up() {}", true],
    ['const a = await import("a");', false],
    ['const a = require("a");', false],
    ["exports.up = 1;", false],
  ] as const)
    test(text, () => assert.equal(usesImportSyntax(text), expected));
});

describe("where knex is made", () => {
  for (const [text, line] of [
    [lines('const knex = require("knex");', "module.exports = knex({});"), 2],
    ['module.exports = require("knex")(require("./knexfile"));', 1],
    [lines('import Knex from "knex";', "// Knex(", "export const db = Knex({});"), 3],
    [lines('import { knex as make } from "knex";', "", "make({});"), 3],
    [lines('import { type Knex } from "knex";', "export async function up(db: Knex) {}"), null],
    ["knex(1);", null],
  ] as const)
    test(text, () => assert.equal(knexCallLine(text), line));
});
