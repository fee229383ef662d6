import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import * as upgate from "upgate";

/** Whoever changes these lists changes what vendors have written: a minor release for more, a major one for less. */
const VALUES = ["UpgateError", "createUpgate", "defineConfig"];
const TYPES = [
  "Badge",
  "BrandingOptions",
  "Check",
  "Handler",
  "HostApplication",
  "LoadApplication",
  "Logger",
  "MigrationContext",
  "MigrationModule",
  "OptionProblem",
  "PlannedMigration",
  "ProbeOptions",
  "RunError",
  "RunProgress",
  "RunResult",
  "ServeOptions",
  "Severity",
  "StartOptions",
  "StartedRun",
  "Upgate",
  "UpgateErrorCode",
  "UpgateOptions",
  "UpgradeStatus",
  "Upgrader",
  "VersionRowOptions",
  "VersionState",
  "VersionStateKind",
];

const require = createRequire(import.meta.url);
const text = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

/** The type names that a file of re-exports passes on. */
function typeNames(source: string): string[] {
  return [...source.matchAll(/^export (type )?\{([^}]*)\}/gm)]
    .flatMap(([, all, names]) => (names as string).split(",").map((name) => ({ name: name.trim(), isType: all !== undefined })))
    .filter(({ name, isType }) => name !== "" && (isType || name.startsWith("type ")))
    .map(({ name }) => name.replace(/^type /, ""))
    .toSorted();
}

describe("the public names of upgate", () => {
  test("values", () => assert.deepEqual(Object.keys(upgate).toSorted(), VALUES));

  test("types", () => assert.deepEqual(typeNames(text("src/index.ts")), TYPES));

  test("Node's require gets the very same", () => assert.equal(require("upgate"), upgate));

  test("a require that can't load ES modules gets the same values", () =>
    assert.deepEqual(require("../../commonjs/index.cjs"), { ...upgate }));

  test("its declarations name every value", () => {
    const declared = [...text("commonjs/index.d.cts").matchAll(/^export declare const (\w+):/gm)].map(([, name]) => name as string);
    assert.deepEqual(declared.toSorted(), VALUES);
  });
});
