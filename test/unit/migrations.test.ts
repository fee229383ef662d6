import assert from "node:assert/strict";
import path from "node:path";
import { describe, test, type TestContext } from "node:test";
import { isUpgateError, type UpgateError } from "../../src/core/errors.js";
import type { MigrationModule } from "../../src/core/migration.js";
import { listMigrations, loadMigration, migrationChecksum } from "../../src/release/migrations.js";
import { tempFolder } from "./support/temp-folder.js";

const UP = "export async function up() {}\n";

function namesIn(t: TestContext, files: readonly string[], codeVersion = "8.6.1"): string[] {
  const listing = listMigrations(tempFolder(t, Object.fromEntries(files.map((name) => [name, UP]))), codeVersion);
  assert.deepEqual(listing.problems, []);
  return listing.files.map(({ name }) => name);
}

describe("the migrations below a folder", () => {
  test("come in semver order of their releases, then by name", (t) => {
    assert.deepEqual(namesIn(t, ["8.10.0/0001-a.mjs", "8.9.0/0002-b.js", "8.9.0/0001-c.cjs", "8.9.0-rc.1/0003-d.ts"]), [
      "8.9.0-rc.1/0003-d",
      "8.9.0/0001-c",
      "8.9.0/0002-b",
      "8.10.0/0001-a",
    ]);
  });

  test("have absolute paths and their folder's version", (t) => {
    const folder = tempFolder(t, { "8.6.0/0001-a.mjs": UP });
    assert.deepEqual(listMigrations(folder, "8.6.1").files, [
      { name: "8.6.0/0001-a", version: "8.6.0", path: path.join(folder, "8.6.0/0001-a.mjs") },
    ]);
  });

  test("in a flat folder of knex migrations all belong to the code version, in the order of their names", (t) => {
    const folder = tempFolder(t, { "20260102_b.js": UP, "20260101_a.cjs": UP });
    assert.deepEqual(
      listMigrations(folder, "8.6.1").files.map(({ name, version }) => [name, version]),
      [
        ["20260101_a", "8.6.1"],
        ["20260102_b", "8.6.1"],
      ],
    );
  });

  test("are no type declarations, source maps, notes or hidden files", (t) => {
    const others = ["0001-a.d.ts", "0001-a.d.mts", "0001-a.d.cts", "0001-a.mjs.map", "README.md", "._0001-a.mjs", "0002.sql", "0003.json"];
    assert.deepEqual(namesIn(t, ["8.6.1/0001-a.mjs", ...others.map((name) => `8.6.1/${name}`), ".git/0001-x.js"]), ["8.6.1/0001-a"]);
  });

  test("keep the dots of their names", (t) => assert.deepEqual(namesIn(t, ["8.6.1/0001-v2.0.mjs"]), ["8.6.1/0001-v2.0"]));

  test("are none in an empty folder", (t) => assert.deepEqual(namesIn(t, []), []));
});

describe("problems are told by name, never thrown", () => {
  const problemsIn = (t: TestContext, files: readonly string[]): string[] =>
    listMigrations(tempFolder(t, Object.fromEntries(files.map((name) => [name, UP]))), "8.6.1").problems.map(({ message }) => message);

  test("no such folder", (t) => {
    const listing = listMigrations(path.join(tempFolder(t), "none"), "8.6.1");
    assert.deepEqual(listing.files, []);
    assert.match(listing.problems[0]?.message ?? "", /none does not exist/);
  });

  test("two files of one name", (t) => {
    assert.match(problemsIn(t, ["8.6.1/0001-a.mjs", "8.6.1/0001-a.js"]).join(), /two migrations are named "8\.6\.1\/0001-a"/);
  });

  for (const name of ["v8.6.1", "8.6", "8.6.1+build.7", "8.6.1 old"])
    test(`a folder "${name}" that holds migrations`, (t) => {
      assert.match(problemsIn(t, [`${name}/0001-a.mjs`]).join(), /its name is no version such as "8\.6\.1"/);
    });

  test("a folder of helpers beside the migrations is the vendor's own", (t) =>
    assert.deepEqual(problemsIn(t, ["helpers/columns.js", "lib/0001-a.mjs", "8.6.1/0001-a.mjs"]), []));
  test("a folder of something else is none", (t) => assert.deepEqual(problemsIn(t, ["helpers/readme.md", "8.6.1/0001-a.mjs"]), []));
});

describe("the checksum", () => {
  const sum = (t: TestContext, content: string): Promise<string> =>
    migrationChecksum(path.join(tempFolder(t, { "m.mjs": content }), "m.mjs"));

  test("is the same for LF, CRLF and CR: an upload in ASCII mode changes nothing", async (t) => {
    const sums = await Promise.all(["a\nb\n\nc\n", "a\r\nb\r\n\r\nc\r\n", "a\rb\r\rc\r"].map((content) => sum(t, content)));
    assert.match(sums[0] as string, /^[0-9a-f]{64}$/);
    assert.equal(new Set(sums).size, 1);
  });

  test("is another one for any other change", async (t) => {
    const sums = await Promise.all(["a\nb\n", "a\nb", "a\n\nb\n", "a\nb \n", "A\nb\n"].map((content) => sum(t, content)));
    assert.equal(new Set(sums).size, 5);
  });
});

describe("loading a migration", () => {
  const load = async (t: TestContext, name: string, content: string): Promise<MigrationModule> =>
    (await loadMigration("8.6.1/0001-a", path.join(tempFolder(t, { [name]: content }), name))).module;

  async function refusal(t: TestContext, name: string, content: string): Promise<UpgateError> {
    const error: unknown = await load(t, name, content).then(
      () => null,
      (reason: unknown) => reason,
    );
    assert.ok(isUpgateError(error, "ERR_UPGATE_MIGRATION_INVALID"), String(error));
    assert.match(error.message, /8\.6\.1\/0001-a/);
    return error;
  }

  const good: [name: string, content: string][] = [
    ["m.mjs", "export async function up() { return 7 }\nexport const config = { transaction: false };"],
    ["m.mjs", "export default { up: () => 7, config: { transaction: false } };"],
    ["m.cjs", "exports.up = async () => 7; exports.config = { transaction: false };"],
    ["m.ts", "export const up = async (): Promise<number> => 7;\nexport const config = { transaction: false as boolean };"],
  ];
  for (const [name, content] of good)
    test(`${name}: ${content.slice(0, 30)}…`, async (t) => {
      const module = await load(t, name, content);
      assert.equal(await module.up(undefined as never, undefined as never), 7);
      assert.equal(module.config?.transaction, false);
    });

  test("without up: says so", async (t) => {
    for (const content of ["export function down() {}", "export const up = 1;", "", "export default null;"])
      assert.match((await refusal(t, "m.mjs", content)).message, /exports no function named up/);
  });

  test("that can't be parsed or throws: the cause is kept", async (t) => {
    assert.ok((await refusal(t, "m.mjs", "export function up( {")).cause);
    const error = await refusal(t, "m.mjs", "throw new Error('no such table');");
    assert.match(error.message, /can't be loaded: no such table/);
    assert.match(error.remedy, /corrected release/);
    assert.equal((error.cause as Error).message, "no such table");
  });

  test("that is not there", async () => {
    const file = path.join(import.meta.dirname, "no-such-file.mjs");
    await assert.rejects(loadMigration("8.6.1/0001-a", file), { code: "ERR_UPGATE_MIGRATION_INVALID" });
  });
});
