import assert from "node:assert/strict";
import { test } from "node:test";
import { versionFact } from "../../src/store/version-row.js";

const ROW = { table: "tbl_config", keyColumn: "setting", key: "version", valueColumn: "value" };
const rows = [{ version_key: "version", version_text: "8.6", version_length: 3 }];

const parsers: [name: string, parse: (text: string) => unknown, problem: RegExp | null][] = [
  ["gives a text", (text) => `${text}.0`, null],
  ["gives null", () => null, /^versionRow\.parse did not accept its text\.$/],
  ["gives nothing", () => undefined, /^versionRow\.parse did not accept its text\.$/],
  ["gives a number", Number, /^versionRow\.parse returned a value of type number instead of a text\.$/],
  ["is asynchronous", async (text) => text, /^versionRow\.parse returned a promise instead of a text\.$/],
  [
    "throws",
    () => {
      throw new Error("no such format");
    },
    /^versionRow\.parse failed: no such format\.$/,
  ],
];
for (const [name, parse, problem] of parsers)
  test(`the version row where versionRow.parse ${name}`, () => {
    const fact = versionFact(rows, { ...ROW, parse: parse as (text: string) => string });
    if (problem === null) assert.deepEqual(fact, { kind: "text", text: "8.6.0" });
    else assert.match(fact.kind === "invalid" ? fact.problem : "", problem);
  });
