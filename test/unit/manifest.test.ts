import assert from "node:assert/strict";
import { rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test, type TestContext } from "node:test";
import { manifestStamp, readManifest } from "../../src/release/manifest.js";
import { migrationFolder } from "../../src/release/migrations.js";
import { Release } from "../../src/release/release.js";
import { tempFolder } from "./support/temp-folder.js";

function problemOf(t: TestContext, content: string | object): string | null {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const reading = readManifest(path.join(tempFolder(t, { "release.json": text }), "release.json"));
  return reading.kind === "invalid" ? reading.problem : null;
}

describe("release.json", () => {
  test("needs a version only", (t) => assert.equal(problemOf(t, { version: "8.6.1" }), null));

  test("may hold every demand, and members of later upgates", (t) => {
    const manifest = {
      version: "8.6.1-release.1",
      kind: "patch",
      appliesTo: "~8.6.0",
      upgradeFrom: ">=8.0.0",
      requiredStops: ["8.5.0"],
      migrations: ["8.6.1/0001-a"],
      prunedBefore: "7.0.0",
      somethingNew: true,
    };
    assert.equal(problemOf(t, manifest), null);
  });

  const bad: [what: string, content: string | object, says: RegExp][] = [
    ["half uploaded", '{"version": "8.6', /JSON/],
    ["empty", "", /JSON/],
    ["null", "null", /holds no object/],
    ["a text", '"8.6.1"', /./],
    ["an array", "[]", /version/],
    ["without a version", {}, /^version must be a string/],
    ["with half a version", { version: "8.6" }, /^version must be a semver version/],
    ["with build metadata", { version: "8.6.1+7" }, /no build metadata/],
    ["of an unknown kind", { version: "8.6.1", kind: "hotfix" }, /kind must be "full" or "patch"/],
    ["with an appliesTo that is no range", { version: "8.6.1", appliesTo: "eight" }, /appliesTo must be a semver range/],
    ["with an upgradeFrom that is no text", { version: "8.6.1", upgradeFrom: 8 }, /upgradeFrom must be a semver range/],
    ["with a stop that is no version", { version: "8.6.1", requiredStops: ["8.5.0", "8.6"] }, /requiredStops must be an array of versions/],
    ["with a lower bound that is no version", { version: "8.6.1", prunedBefore: "8.5" }, /prunedBefore must be a version/],
    ["with stops as text", { version: "8.6.1", requiredStops: "8.5.0" }, /requiredStops/],
    ["with a nameless migration", { version: "8.6.1", migrations: [""] }, /migrations must be an array of names/],
    [
      "with files that lead out of the folder",
      { version: "8.6.1", files: { "a/../../b": "0".repeat(64) } },
      /files must be an object of SHA-256/,
    ],
    ["with half a sum", { version: "8.6.1", templates: { a: "0".repeat(63) } }, /templates must be an object of SHA-256/],
    [
      "with files of no version",
      { version: "8.6.1", formerFiles: { old: {} } },
      /formerFiles must be an object of SHA-256 sums by version/,
    ],
    ["with migrations as an object", { version: "8.6.1", migrations: {} }, /migrations/],
  ];
  for (const [what, content, says] of bad)
    test(`${what}: the problem is named`, (t) => assert.match(problemOf(t, content) ?? "accepted", says));

  test("missing: a problem, no exception", (t) => {
    const file = path.join(tempFolder(t), "release.json");
    assert.equal(readManifest(file).kind, "invalid");
    assert.equal(manifestStamp(file), null);
  });
});

describe("the release on disk", () => {
  const UP = "export function up() {}";

  function release(t: TestContext, files: Record<string, string>): { release: Release; folder: string } {
    const folder = tempFolder(t, { "migrations/8.6.1/0001-a.mjs": UP, ...files });
    const paths = { codeVersion: "8.6.1", license: null, releaseNotes: null };
    return {
      folder,
      release: new Release(
        { ...paths, migrations: path.join(folder, "migrations"), manifest: path.join(folder, "release.json") },
        migrationFolder(path.join(folder, "migrations"), "8.6.1"),
      ),
    };
  }

  test("files are not looked at here; whoever compares them checks them", async (t) => {
    const { release: read } = release(t, { "release.json": JSON.stringify({ version: "8.6.1", files: { "../x": "?" } }) });
    assert.equal((await read.read()).filesVersion, "8.6.1");
    assert.match(read.comparable(false)?.stamp ?? "", /./);
  });

  test("there is nothing to compare where the manifest lists no files and needs no signature", (t) => {
    const { release: read } = release(t, { "release.json": JSON.stringify({ version: "8.6.1" }) });
    assert.equal(read.comparable(false), null);
    assert.notEqual(read.comparable(true), null);
  });

  test("files that the manifest lists and the disk lacks are missing", async (t) => {
    const manifest = { version: "8.6.1", upgradeFrom: ">=8.0.0", migrations: ["8.6.1/0001-a", "8.6.1/0002-b"] };
    const { facts, filesVersion } = await release(t, { "release.json": JSON.stringify(manifest) }).release.read();
    assert.deepEqual([filesVersion, facts.missingFiles, facts.upgradeFrom], ["8.6.1", ["8.6.1/0002-b"], ">=8.0.0"]);
  });

  test("a manifest that is half uploaded is an incomplete upload", async (t) => {
    const { facts, filesVersion } = await release(t, { "release.json": "{" }).release.read();
    assert.equal(filesVersion, "8.6.1");
    assert.match(facts.missingFiles?.join() ?? "", /a usable release\.json/);
  });

  test("a new manifest is seen at the next look", (t) => {
    const { release: onDisk, folder } = release(t, { "release.json": '{"version":"8.6.1"}' });
    const file = path.join(folder, "release.json");
    utimesSync(file, 1, 1);
    assert.equal(onDisk.filesVersion(), "8.6.1");
    writeFileSync(file, '{"version":"8.7.0"}');
    assert.equal(onDisk.filesVersion(), "8.7.0");
    rmSync(file);
    assert.equal(onDisk.filesVersion(), "8.6.1");
  });

  test("a migrations folder that is not there is missing by its name", async (t) => {
    const { release: onDisk, folder } = release(t, { "release.json": '{"version":"8.6.1"}' });
    rmSync(path.join(folder, "migrations"), { recursive: true });
    assert.match((await onDisk.read()).facts.missingFiles?.join() ?? "", /migrations does not exist/);
  });
});
