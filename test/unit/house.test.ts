import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Breach,
  checkCycles,
  checkDirections,
  checkFiles,
  checkPackages,
  checkPublicNames,
  importsOf,
  readSources,
  type Source,
} from "./support/house.js";

const sources = readSources(fileURLToPath(new URL("../../src/", import.meta.url)));

type Files = Record<string, string>;

/** A rule holds for the house, and each of the bad houses breaks it in the way told. */
function rule(
  name: string,
  check: (house: readonly Source[]) => Breach[],
  good: Files,
  bad: readonly [files: Files, breach: RegExp][],
): void {
  const house = (files: Files): Source[] => Object.entries(files).map(([file, text]) => ({ file, text }));
  describe(name, () => {
    test("holds in src", () => assert.deepEqual(check(sources), []));
    test("lets pass what it should", () => assert.deepEqual(check(house(good)), []));
    for (const [files, breach] of bad)
      test(`would notice: ${breach.source.replaceAll("\\", "")}`, () => assert.match(check(house(files)).join("\n"), breach));
  });
}

/** The folder's files, each empty but for the last ones given. */
const EMPTY: Files = Object.fromEntries(
  [
    "core/run.ts",
    "store/lease.ts",
    "release/license.ts",
    "backup/drivers.ts",
    "upgrade/runner.ts",
    "web/wizard/steps.ts",
    "cli/main.ts",
  ].map((file) => [file, "export const a = 1;\n"]),
);

rule(
  "imports run one way",
  checkDirections,
  {
    ...EMPTY,
    "upgrade/plan.ts": 'import { a } from "../store/lease.js";\nimport type { B } from "../core/run.js";\nimport { c } from "./runner.js";',
    "demo/main.ts": 'import "../web/wizard/steps.js";\nimport "../cli/main.js";\nimport "knex";',
    "index.ts": 'export { a } from "./web/wizard/steps.js";',
    "testing.ts": 'export { a } from "./testing/kill.js";',
    "testing/kill.ts": 'import "../web/wizard/steps.js";\nimport "../cli/main.js";\nimport "../upgrade/runner.js";',
  },
  [
    [{ ...EMPTY, "core/a.ts": 'import { a } from "../store/lease.js";' }, /core must not use store/],
    [{ ...EMPTY, "core/a.ts": 'import type { A } from "../upgrade/runner.js";' }, /core must not use upgrade/],
    [{ ...EMPTY, "store/a.ts": 'import { a } from "../release/license.js";' }, /store must not use release/],
    [{ ...EMPTY, "release/a.ts": 'export { a } from "../backup/drivers.js";' }, /release must not use backup/],
    [{ ...EMPTY, "backup/a.ts": 'const a = await import("../store/lease.js");' }, /backup must not use store/],
    [{ ...EMPTY, "upgrade/a.ts": 'import {\n  a,\n} from "../web/wizard/steps.js";' }, /upgrade must not use web/],
    [{ ...EMPTY, "cli/a.ts": 'import { a } from "../web/wizard/steps.js";' }, /cli must not use web/],
    [{ ...EMPTY, "web/a.ts": 'import { a } from "../cli/main.js";' }, /web must not use cli/],
    [{ ...EMPTY, "web/a.ts": 'type A = typeof import("../cli/main.js");' }, /web must not use cli/],
    [{ ...EMPTY, "demo/a.ts": "", "web/a.ts": 'import "../demo/a.js";' }, /web must not use demo/],
    [{ ...EMPTY, "testing/a.ts": "", "web/a.ts": 'import "../testing/a.js";' }, /web must not use testing/],
    [{ ...EMPTY, "testing/a.ts": "", "index.ts": 'export { a } from "./testing/a.js";' }, /index\.ts must not use testing/],
    [{ ...EMPTY, "demo/a.ts": "", "testing/a.ts": 'import "../demo/a.js";' }, /testing must not use demo/],
    [{ ...EMPTY, "index.ts": "", "web/a.ts": 'import { b } from "../index.js";' }, /web must not use index\.ts/],
    [{ ...EMPTY, "plugins/a.ts": 'import { a } from "../core/run.js";' }, /plugins must not use core/],
    [{ ...EMPTY, "web/a.ts": 'import { a } from "./gone.js";' }, /web\/gone\.ts, which is not there/],
  ],
);

rule(
  "core is pure; Express and ejs stay in web and demo",
  checkPackages,
  {
    "core/a.ts":
      'import type { Knex } from "knex";\nimport { type Knex as K } from "knex";\nimport semver from "semver";\n// import fs from "node:fs";',
    "web/a.ts": 'import express from "express";\nimport ejs from "ejs";\nimport "node:fs";',
    "demo/a.ts": 'import express from "express";',
    "store/a.ts": 'import knex from "knex";\nimport { readFileSync } from "node:fs";',
  },
  [
    [{ "core/a.ts": 'import knex, { type Knex } from "knex";' }, /core\/a\.ts loads knex/],
    [{ "core/a.ts": 'import { knex } from "knex";' }, /core\/a\.ts loads knex/],
    [{ "core/a.ts": 'const client = await import("knex/lib/client.js");' }, /core\/a\.ts loads knex/],
    [{ "core/a.ts": 'import { readFileSync } from "node:fs";' }, /imports node:fs: core does no I\/O/],
    [{ "core/a.ts": 'import type { Server } from "node:http";' }, /imports node:http/],
    [{ "upgrade/a.ts": 'import type { Request } from "express";' }, /upgrade\/a\.ts imports express/],
    [{ "cli/a.ts": 'const ejs = require("ejs");' }, /cli\/a\.ts imports ejs/],
    [{ "index.ts": 'export type { Handler } from "express";' }, /index\.ts imports express/],
  ],
);

rule(
  "no file needs itself",
  checkCycles,
  { "web/a.ts": 'import "./b.js";\nimport "./c.js";', "web/b.ts": 'import "./c.js";', "web/c.ts": "" },
  [
    [{ "web/a.ts": 'import "./b.js";', "web/b.ts": 'import "./a.js";' }, /web\/a\.ts → web\/b\.ts → web\/a\.ts/],
    [
      { "web/a.ts": 'import "./b.js";', "web/b.ts": 'import "./c.js";', "web/c.ts": 'import type { A } from "./a.js";' },
      /b\.ts → web\/c\.ts → web\/a/,
    ],
    [
      { "web/a.ts": 'import "./b.js";', "web/b.ts": 'import "./c.js";', "web/c.ts": 'import "./b.js";' },
      /web\/b\.ts → web\/c\.ts → web\/b\.ts/,
    ],
    [{ "web/a.ts": 'import "./a.js";' }, /web\/a\.ts → web\/a\.ts/],
  ],
);

rule("files are small and named for what they hold", checkFiles, { "index.ts": "", "web/wizard/same-site.ts": "x\n".repeat(350) }, [
  [{ "core/utils.ts": "" }, /core\/utils\.ts is named for nothing/],
  [{ "web/types.ts": "" }, /web\/types\.ts is named for nothing/],
  [{ "web/index.ts": "" }, /web\/index\.ts is a barrel/],
  [{ "web/sameSite.ts": "" }, /sameSite\.ts is not in kebab case/],
  [{ "web/Wizard/steps.ts": "" }, /Wizard\/steps\.ts is not in kebab case/],
  [{ "web/a.ts": "x\n".repeat(351) }, /web\/a\.ts has 351 lines/],
]);

rule(
  "index.ts holds the public names, nothing else",
  checkPublicNames,
  {
    "index.ts": 'export { a, type B } from "./web/a.js";\nexport type {\n  C,\n} from "./web/c.js";\n',
    "web/a.ts": "export const a = 1;",
    "web/e.ts": "",
  },
  [
    [{ "index.ts": 'export { a } from "./web/a.js";\nexport const b = 1;' }, /more than re-exports: export const b/],
    [{ "index.ts": 'import "./web/a.js";' }, /more than re-exports: import/],
    [{ "index.ts": 'export * from "./web/a.js";' }, /more than re-exports: export \*/],
    [{ "web/all.ts": 'export { a } from "./a.js";\nexport * from "./b.js";' }, /web\/all\.ts only passes on names/],
  ],
);

test("the rules see every file and every import", () => {
  assert.ok(sources.length > 60, String(sources.length));
  for (const part of ["core", "store", "release", "upgrade", "web", "cli", "demo", "testing"])
    assert.ok(
      sources.some(({ file }) => file.startsWith(`${part}/`)),
      part,
    );
  const keywords = sources.flatMap(({ text }) => text.match(/^(?:import|\} from|export [^;]* from) ?.*["'].*["'];/gm) ?? []);
  const found = sources.flatMap(({ text }) => importsOf(text));
  assert.ok(found.length >= keywords.length, `${found.length} of ${keywords.length}`);
});
