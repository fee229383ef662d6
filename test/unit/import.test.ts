import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const REPORTER = fileURLToPath(new URL("support/loaded-packages.mjs", import.meta.url));

test('import "upgate" loads nothing that only a page, a run or the command line needs', () => {
  const output = execFileSync(process.execPath, [REPORTER, "express", "knex", "upgate"], { encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), ["semver", "upgate"]);
});
