import assert from "node:assert/strict";
import path from "node:path";
import { describe, test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { defineConfig } from "../../src/core/config-file.js";
import { isUpgateError, type UpgateError } from "../../src/core/errors.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { listing, tempFolder } from "./support/temp-folder.js";

const UP = "export async function up() {}\n";
const CONFIG = "upgate.config.mjs";

function refusal(options: unknown): UpgateError {
  try {
    resolveSettings(options);
  } catch (error) {
    assert.ok(isUpgateError(error, "ERR_UPGATE_OPTIONS"), `expected ERR_UPGATE_OPTIONS, got ${String(error)}`);
    return error;
  }
  assert.fail("the options were accepted");
}

function paths(error: UpgateError): string[] {
  return error.problems.map((problem) => problem.path).toSorted();
}

/** A folder with a configuration file, and options that name it. */
function site(t: TestContext, files: Record<string, string> = {}): { folder: string; least: Record<string, unknown> } {
  const folder = tempFolder(t, { [CONFIG]: "", "migrations/8.6.1/0001-tax.mjs": UP, ...files });
  const least = { version: "8.6.1", database: "sqlite:./data/app.db", migrations: "./migrations", configFile: path.join(folder, CONFIG) };
  return { folder, least };
}

describe("options whose files are not there", () => {
  test("are refused all at once, and nothing is written to the disk", (t) => {
    const { folder, least } = site(t);
    const before = listing(folder);
    const error = refusal({
      ...least,
      version: "8.6",
      migrations: "./no-such-folder",
      license: "./EULA.md",
      releaseNotes: "./CHANGELOG.md",
      release: "./release.json",
      views: ["./views"],
      pollMs: 1,
    });
    assert.deepEqual(paths(error), ["license", "migrations", "pollMs", "release", "releaseNotes", "version", "views[0]"]);
    assert.match(error.message, /no-such-folder does not exist/);
    assert.match(error.message, new RegExp(`license: the file ${folder}/EULA\\.md does not exist`));
    assert.deepEqual(listing(folder), before);
  });

  test("two migrations of one name, a bad version and a missing licence are told together", (t) => {
    const { folder, least } = site(t, { "migrations/8.6.1/0001-tax.js": UP });
    const before = listing(folder);
    const error = refusal({ ...least, version: "8.6", license: "./EULA.md" });
    assert.deepEqual(paths(error), ["license", "migrations", "version"]);
    assert.match(error.message, /two migrations are named "8\.6\.1\/0001-tax": 0001-tax\.\w+ and 0001-tax\.\w+/);
    assert.deepEqual(listing(folder), before);
  });

  for (const version of ["latest", undefined])
    test(`a flat folder of knex migrations and the version ${String(version)}: the version is the problem`, (t) => {
      const { least } = site(t, { "flat/20260101_a.mjs": UP, "flat/20260102_b.mjs": UP });
      assert.deepEqual(paths(refusal({ ...least, version, migrations: "./flat" })), ["version"]);
    });

  test("a configuration file that is not there", (t) => {
    const { folder, least } = site(t);
    assert.deepEqual(paths(refusal({ ...least, configFile: path.join(folder, "upgate.config.js") })), ["configFile"]);
  });

  test("a file in the place of the migrations folder", (t) => {
    const { least } = site(t);
    assert.deepEqual(paths(refusal({ ...least, migrations: `./${CONFIG}` })), ["migrations"]);
  });

  test("a folder of migrations that is named like no version", (t) => {
    const { least } = site(t, { "migrations/v8.6.0/0001-a.mjs": UP, "migrations/docs/readme.md": "" });
    assert.match(refusal(least).message, /the folder "v8\.6\.0" holds migrations, but its name is no version/);
  });
});

describe("options of the wrong type are refused by name, too", () => {
  const table: [name: string, value: unknown, path: string][] = [
    ["views", [42], "views[0]"],
    ["migrations", new URL("https://vendor.test/migrations/"), "migrations"],
    ["license", new URL("https://vendor.test/EULA.md"), "license"],
    ["license", "https://vendor.test/EULA.md", "license"],
    ["release", "https://vendor.test/release.json", "release"],
    ["dataDir", new URL("https://vendor.test/data"), "dataDir"],
    ["configFile", new URL("https://vendor.test/upgate.config.mjs"), "configFile"],
  ];
  for (const [name, value, where] of table)
    test(`${name}: ${typeof value === "object" && !Array.isArray(value) ? "URL " : ""}${String(value)}`, (t) => {
      const { folder, least } = site(t);
      assert.deepEqual(paths(refusal({ ...least, migrations: path.join(folder, "migrations"), [name]: value })), [where]);
      assert.ok(!listing(folder).includes("data"));
    });

  for (const input of [undefined, null, "x", 42])
    test(`${String(input)} for options`, () => assert.deepEqual(paths(refusal(input)), ["options"]));

  test("a database that upgate does not work on, together with the other problems", (t) => {
    const { least } = site(t);
    const error = refusal({ ...least, database: { client: "pg" }, pollMs: 1 });
    assert.deepEqual(paths(error), ["database", "pollMs"]);
    assert.match(refusal({ ...least, database: { client: "pg" } }).message, /pg/);
  });
});

describe("good options", () => {
  test("relative paths start at the configuration file's folder", (t) => {
    const { folder, least } = site(t, { "EULA.md": "# Licence", "views/key.ejs": "" });
    const settings = resolveSettings({ ...least, license: "./EULA.md", views: ["./views"], releaseNotes: "https://vendor.test/notes" });
    assert.equal(settings.configFile, path.join(folder, CONFIG));
    assert.equal(settings.dataDir, path.join(folder, "data"));
    assert.deepEqual(settings.views, [path.join(folder, "views")]);
    assert.deepEqual(settings.release.paths, {
      codeVersion: "8.6.1",
      migrations: path.join(folder, "migrations"),
      license: path.join(folder, "EULA.md"),
      releaseNotes: "https://vendor.test/notes",
      manifest: null,
    });
    assert.equal(settings.database.dialect, "sqlite");
  });

  test("file URLs and absolute paths stand for themselves", (t) => {
    const { folder, least } = site(t, { "EULA.md": "# Licence" });
    const license = pathToFileURL(path.join(folder, "EULA.md"));
    const settings = resolveSettings({ ...least, license, migrations: path.join(folder, "migrations"), dataDir: pathToFileURL(folder) });
    assert.equal(settings.release.paths.license, path.join(folder, "EULA.md"));
    assert.equal(settings.release.paths.migrations, path.join(folder, "migrations"));
    assert.equal(settings.dataDir, folder);
  });

  test("made elsewhere than in a configuration file, they have none and start at the working directory", (t) => {
    const { folder, least } = site(t);
    const { configFile: _file, ...rest } = least;
    const settings = resolveSettings(
      defineConfig({
        ...(rest as never as Parameters<typeof defineConfig>[0]),
        migrations: path.join(folder, "migrations"),
        database: "mysql://u:p@127.0.0.1/app",
      }),
    );
    assert.equal(settings.configFile, null);
    assert.equal(settings.dataDir, path.join(process.cwd(), "data"));
  });

  test("a password is never part of the database's label", (t) => {
    const { least } = site(t);
    const { database } = resolveSettings({ ...least, database: "mysql://shop:s3cret@db.test:3307/shop" });
    assert.equal(database.label, "shop on db.test:3307");
    assert.equal(database.dialect, "mysql");
  });
});

describe("templates", () => {
  test("lie beside the configuration file, and the theme folders need not exist", (t) => {
    const { folder, least } = site(t, { "views/a.ejs": "a" });
    const { templates } = resolveSettings({ ...least, templates: { stock: "./views", custom: ["./views/themes", "./mine"] } });
    assert.deepEqual(templates, {
      stock: path.join(folder, "views"),
      custom: [path.join(folder, "views/themes"), path.join(folder, "mine")],
      archive: null,
    });
  });

  test("must not be the operator's own", (t) => {
    const { least } = site(t, { "views/a.ejs": "a" });
    const error = refusal({ ...least, templates: { stock: "./views", custom: "views/" } });
    assert.deepEqual(paths(error), ["templates.custom"]);
  });
});
