import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { accessExpression, type ConfigFacts, configText } from "../../src/cli/project/config-text.js";
import { configurationOf } from "../../src/cli/project/knexfile.js";

const PLAIN = { imported: "default", nestedDefault: false, called: false, awaited: false, perEnvironment: false } as const;

const FACTS: ConfigFacts = {
  version: null,
  database: { kind: "knexfile", file: "knexfile.js", access: { ...PLAIN, perEnvironment: true } },
  migrations: "migrations",
  license: "EULA.md",
  releaseNotes: "CHANGELOG.md",
  versionRow: null,
  product: 'The "Shop"',
};

describe("the configuration's text", () => {
  test("with everything", () =>
    assert.equal(
      configText(FACTS),
      `// Read by the application, by the command line, and by the process that carries out an upgrade.
import { createRequire } from "node:module";
import { defineConfig } from "upgate";
import knexfile from "./knexfile.js";

export default defineConfig({
  // The release that these files are: raise it in package.json with each release.
  version: createRequire(import.meta.url)("./package.json").version,

  // The database as knex has it.
  database: knexfile[process.env.NODE_ENV || "development"],

  migrations: new URL("./migrations/", import.meta.url),

  // What the operator agrees to and reads before an upgrade.
  license: new URL("./EULA.md", import.meta.url),
  releaseNotes: new URL("./CHANGELOG.md", import.meta.url),

  // The install key and the logs of upgrades; keep it out of version control.
  dataDir: new URL("./data/", import.meta.url),

  branding: { name: "The \\"Shop\\"" },
});
`,
    ));

  test("with nothing", () => {
    const bare = { version: "1.0.0", license: null, releaseNotes: null, product: null };
    assert.equal(
      configText({ ...FACTS, ...bare, database: { kind: "address", dotenv: true, hint: null } }),
      `// Read by the application, by the command line, and by the process that carries out an upgrade.
import "dotenv/config";
import { defineConfig } from "upgate";

export default defineConfig({
  // The release that these files are: raise it with each release.
  version: "1.0.0",

  // mysql://user:password@127.0.0.1:3306/database or sqlite:./data/app.db
  database: process.env.DATABASE_URL,

  migrations: new URL("./migrations/", import.meta.url),

  // The install key and the logs of upgrades; keep it out of version control.
  dataDir: new URL("./data/", import.meta.url),
});
`,
    );
  });

  test("with a version row of the host's, whose text has two numbers", () => {
    const versionRow = {
      table: "settings",
      keyColumn: "name",
      key: "Version",
      valueColumn: "val",
      text: "8.6",
      version: "8.6.0",
      isShort: true,
    };
    const text = configText({ ...FACTS, versionRow });
    assert.ok(
      text.includes('  versionRow: {\n    table: "settings",\n    keyColumn: "name",\n    key: "Version",\n    valueColumn: "val",\n'),
    );
    assert.ok(text.includes("    parse: (text) => (/^\\d+\\.\\d+$/.test(text) ? `${text}.0` : text),"));
  });

  test("with a knexfile that must be waited for", () => {
    const access = { ...PLAIN, called: true, awaited: true };
    const database = { kind: "late knexfile", file: "k.js", access, client: "sqlite3", useNullAsDefault: true, tableName: null } as const;
    assert.ok(
      configText({ ...FACTS, database }).includes(
        '  database: {\n    client: "sqlite3",\n    connection: async () => (await knexfile()).connection,\n    useNullAsDefault: true,\n  },',
      ),
    );
  });

  test("with a knexfile of named exports", () => {
    const database = { kind: "knexfile", file: "db/k.mjs", access: { ...PLAIN, imported: "namespace", perEnvironment: true } } as const;
    assert.ok(configText({ ...FACTS, database }).includes('import * as knexfile from "./db/k.mjs";\n'));
  });
});

describe("a knexfile's export", () => {
  const CONFIG = { client: "mysql2" };
  for (const [what, module, expression] of [
    ["an object", { default: CONFIG }, "knexfile"],
    ["named exports", { client: "mysql2" }, "knexfile"],
    ["compiled to CommonJS", { default: { __esModule: true, default: CONFIG } }, "knexfile.default"],
    ["a function", { default: () => CONFIG }, "knexfile()"],
    ["an asynchronous function", { default: async () => CONFIG }, "await knexfile()"],
    ["a promise", { default: Promise.resolve(CONFIG) }, "await knexfile"],
  ] as const)
    test(`that is ${what} is reached by ${expression}`, async () => {
      const { access, value } = await configurationOf(module);
      assert.equal((value as typeof CONFIG).client, "mysql2");
      assert.equal(accessExpression({ ...access, perEnvironment: false }), expression);
    });

  test("of several environments is awaited first", () =>
    assert.equal(
      accessExpression({ ...PLAIN, called: true, awaited: true, perEnvironment: true }),
      '(await knexfile())[process.env.NODE_ENV || "development"]',
    ));
});
