import assert from "node:assert/strict";
import path from "node:path";
import { describe, test, type TestContext } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { configFileOf, defineConfig } from "../../src/core/config-file.js";
import type { UpgateOptions } from "../../src/core/options.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { tempFolder } from "./support/temp-folder.js";

const OPTIONS: UpgateOptions = { version: "8.6.1", database: "mysql://u:p@127.0.0.1/app", migrations: "./migrations" };
const SOURCE = new URL("../../src/core/config-file.ts", import.meta.url).href;
const TEXT = `import { defineConfig } from ${JSON.stringify(SOURCE)};
const options = ${JSON.stringify(OPTIONS)};
export default defineConfig(options);
export const late = async () => { await null; return defineConfig(options); };
`;

/** Writes the text to a file of that name, imports it, and returns its path and exports. */
async function imported(
  t: TestContext,
  name: string,
  text = TEXT,
): Promise<{ file: string; default: object; late: () => Promise<object> }> {
  const folder = tempFolder(t, { [name]: text });
  const file = path.join(folder, name);
  return { file, ...((await import(pathToFileURL(file).href)) as { default: object; late: () => Promise<object> }) };
}

/** The remembered file as a path, whatever form it was remembered in. */
function remembered(options: object): string | null {
  const file = configFileOf(options);
  return file?.startsWith("file:") ? fileURLToPath(file) : file;
}

describe("a configuration remembers its file", () => {
  for (const name of ["upgate.config.mjs", "upgate.config.ts", "upgate.config.mts"])
    test(name, async (t) => {
      const { file, default: config } = await imported(t, name);
      assert.equal(remembered(config), file);
    });

  test("also when it is made later, in a function of that file", async (t) => {
    const { file, late } = await imported(t, "upgate.config.mjs");
    assert.equal(remembered(await late()), file);
  });

  for (const folder of ["with space", "shop (1)", "größe #1", "100%"])
    test(`below a folder named "${folder}"`, async (t) => {
      const { file, default: config } = await imported(t, `${folder}/upgate.config.mjs`);
      assert.equal(remembered(config), file);
    });

  test("so that its relative paths start there", async (t) => {
    const folder = tempFolder(t, { "upgate.config.mjs": TEXT, "migrations/8.6.1/0001-a.mjs": "export function up() {}" });
    const { default: config } = (await import(pathToFileURL(path.join(folder, "upgate.config.mjs")).href)) as { default: object };
    const settings = resolveSettings(config);
    assert.equal(settings.configFile, path.join(folder, "upgate.config.mjs"));
    assert.equal(settings.release.paths.migrations, path.join(folder, "migrations"));
  });

  test("and is otherwise what was given, so that it can be printed and compared", async (t) => {
    const { default: config } = await imported(t, "upgate.config.mjs");
    assert.deepEqual(config, OPTIONS);
    assert.deepEqual(Object.keys(config), Object.keys(OPTIONS));
  });
});

describe("a configuration remembers nothing", () => {
  test("when it is a copy with other values", async (t) => {
    const { default: config } = await imported(t, "upgate.config.mjs");
    assert.equal(configFileOf({ ...config, version: "9.0.0" }), null);
  });

  test("when it is made in a file of another name", async (t) => {
    for (const name of ["app.mjs", "my-upgate.config.mjs", "upgate.config.mjs.bak.mjs"]) {
      const { default: config } = await imported(t, name);
      assert.equal(configFileOf(config), null, name);
    }
  });

  test("when it is made here, in a test", () => assert.equal(configFileOf(defineConfig(OPTIONS)), null));
});

test("the length of stack traces is as it was", () => {
  const before = Error.stackTraceLimit;
  defineConfig(OPTIONS);
  assert.equal(Error.stackTraceLimit, before);
});

test("a promise stays one, so that whoever takes it can say what is wrong", async () => {
  const promise = Promise.resolve(OPTIONS);
  assert.equal(defineConfig(promise as never), promise);
});
