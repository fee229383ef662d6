import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { isUpgateError } from "../../src/core/errors.js";
import { didYouMean } from "../../src/core/option-checker.js";
import { checkOptions, refuseProblems } from "../../src/core/check-options.js";

const LEAST = { version: "8.6.1", database: "sqlite:./app.db", migrations: "./migrations" };

/** `path: message` of every problem that the options have besides the least ones. */
function problemsOf(extra: Record<string, unknown>, env: Record<string, string> = {}): string[] {
  return checkOptions({ ...LEAST, ...extra }, env).problems.map(({ path, message }) => `${path}: ${message}`);
}

function assertProblem(extra: Record<string, unknown>, says: RegExp): void {
  const problems = problemsOf(extra);
  assert.equal(problems.length, 1, problems.join("\n"));
  assert.match(problems[0] as string, says);
}

describe("defaults", () => {
  test("three options are enough", () => {
    const { value, problems } = checkOptions(LEAST, {});
    assert.deepEqual(problems, []);
    assert.deepEqual(value, {
      ...LEAST,
      database: { app: LEAST.database, admin: null },
      knexMigrations: null,
      detectVersion: null,
      mode: "wizard",
      resume: "ask",
      backup: {
        automatic: true,
        driver: null,
        tool: "dump",
        keep: 5,
        maxAgeDays: 90,
        staleAfterDays: 30,
        scratchDatabase: null,
        proof: "restore",
      },
      patches: "ask",
      restart: "ask",
      license: null,
      releaseNotes: null,
      release: null,
      publicKeys: [],
      integrity: "refuse",
      templates: null,
      feed: null,
      installPath: "/install",
      basePath: "",
      installKey: null,
      authorize: null,
      installDir: null,
      dataDir: "./data",
      versionRow: { table: "tbl_config", keyColumn: "setting", key: "version", valueColumn: "value" },
      probes: { live: "/healthz/live", ready: "/healthz/ready", open: "/healthz/open" },
      branding: { adminUrl: "/admin" },
      views: [],
      languages: ["en", "de", "fr", "es", "pt-BR", "ja", "zh-Hans", "ar"],
      texts: {},
      pollMs: 1000,
      nodeTtlMs: 30_000,
      leaseTtlMs: 15_000,
      drainTimeoutMs: 10_000,
      drain: "wait",
      onDatabaseLoss: "close",
      mixedNodes: "warn",
      notifications: null,
      checks: [],
      logger: console,
      configFile: null,
    });
  });

  test("nodeTtlMs grows with pollMs", () => assert.equal(checkOptions({ ...LEAST, pollMs: 20_000 }, {}).value.nodeTtlMs, 60_000));

  test("probes can be turned off, or moved one by one", () => {
    assert.equal(checkOptions({ ...LEAST, probes: false }, {}).value.probes, false);
    assert.deepEqual(checkOptions({ ...LEAST, probes: { open: "/up" } }, {}).value.probes, {
      live: "/healthz/live",
      ready: "/healthz/ready",
      open: "/up",
    });
  });

  test("two accounts, a source of migrations, and words", () => {
    const source = { getMigrations: async () => [], getMigrationName: String, getMigration: async () => ({ up() {} }) };
    const database = { app: "mysql://app@h/d", admin: "mysql://admin@h/d" };
    const words = { mode: "auto", resume: "auto", backup: "none", patches: "stamp", restart: "exit" };
    const { value, problems } = checkOptions({ ...LEAST, ...words, database, migrations: source, knexMigrations: "crm.history" }, {});
    assert.deepEqual(problems, []);
    assert.deepEqual([value.database, value.migrations, value.knexMigrations], [database, source, "crm.history"]);
    const { mode, resume, backup, patches, restart } = value;
    assert.deepEqual([mode, resume, backup.automatic ? "own" : "none", patches, restart], Object.values(words));
  });

  test("languages that come with the package, and those of the host's own texts", () => {
    const texts = { nl: { Continue: "Doorgaan" } };
    assert.deepEqual(checkOptions({ ...LEAST, texts }, {}).value.languages.at(-1), "nl");
    const { value, problems } = checkOptions({ ...LEAST, texts, languages: ["nl", "de", "nl"] }, {});
    assert.deepEqual([problems, value.languages], [[], ["nl", "de"]]);
    assertProblem({ languages: ["it"] }, /languages\[0\].*does not come with upgate.*texts/);
    assertProblem({ languages: ["EN us"] }, /languages\[0\].*such as "de"/);
    assertProblem({ languages: [] }, /at least one language/);
    assertProblem({ texts: { de: { Continue: 1 } } }, /texts has texts of "de" that are no object of strings|texts: has texts of "de"/);
    assertProblem({ texts: "de" }, /must be an object/);
  });

  test("what is given is taken", () => {
    const parse = (text: string): string => `${text}.0`;
    const given = {
      versionRow: { table: "shop.settings", parse },
      views: ["./views", pathToFileURL("/srv/views")],
      basePath: "/billing/v1",
    };
    const { value, problems } = checkOptions({ ...LEAST, ...given }, {});
    assert.deepEqual(problems, []);
    assert.deepEqual([value.versionRow.table, value.versionRow.parse, value.basePath], ["shop.settings", parse, "/billing/v1"]);
    assert.deepEqual(value.views, given.views);
  });
});

describe("the install key", () => {
  const key = "a-long-enough-key";
  test("comes from the environment when the options have none", () => {
    assert.equal(checkOptions(LEAST, { UPGATE_INSTALL_KEY: key }).value.installKey, key);
    assert.equal(checkOptions({ ...LEAST, installKey: undefined }, { UPGATE_INSTALL_KEY: key }).value.installKey, key);
  });
  test("of the options wins", () => {
    assert.equal(checkOptions({ ...LEAST, installKey: `${key}!` }, { UPGATE_INSTALL_KEY: key }).value.installKey, `${key}!`);
  });
  test("an empty variable is none", () => assert.equal(checkOptions(LEAST, { UPGATE_INSTALL_KEY: "" }).value.installKey, null));
  test("a short one is refused, and not printed", () => {
    assert.deepEqual(problemsOf({}, { UPGATE_INSTALL_KEY: "hunter2" }), ["installKey: must have at least 16 characters, got 7"]);
  });
  test("of 16 characters is enough", () => assert.deepEqual(problemsOf({ installKey: "x".repeat(16) }), []));
});

describe("what is not an option", () => {
  const table: [extra: Record<string, unknown>, says: RegExp][] = [
    [{ instalPath: "/setup" }, /^instalPath: is not an option; did you mean "installPath"\?$/],
    [{ licence: "./EULA.md" }, /did you mean "license"/],
    [{ migrationsDir: "./m" }, /^migrationsDir: .*did you mean "migrations"/],
    [{ installpath: "/setup" }, /did you mean "installPath"/],
    [{ versionRow: { tabel: "t" } }, /^versionRow\.tabel: .*did you mean "table"/],
    [{ branding: { colour: "#fff" } }, /^branding\.colour: is not an option/],
    [{ probes: { liveness: "/l" } }, /^probes\.liveness: is not an option/],
    [{ swordfish: 1 }, /^swordfish: is not an option$/],
  ];
  for (const [extra, says] of table) test(`${Object.keys(extra)[0]}: the message names it`, () => assertProblem(extra, says));

  test("a near miss is found, a far one is not", () => {
    assert.equal(didYouMean("polMs", ["pollMs", "nodeTtlMs"]), "pollMs");
    assert.equal(didYouMean("x", ["pollMs"]), null);
  });
});

describe("values that don't fit", () => {
  const table: [extra: Record<string, unknown>, says: RegExp][] = [
    [{ version: "8.6" }, /^version: must be a semver version/],
    [{ version: undefined }, /^version: must be a string/],
    [{ database: undefined }, /^database: is required/],
    [{ database: "postgres://u:p@h/d" }, /^database: must look like "mysql:/],
    [{ database: "mysql://localhost" }, /^database: must look like/],
    [{ database: 42 }, /^database: must be an address/],
    [{ database: {} }, /^database: must be an address/],
    [{ database: { app: "sqlite:./a.db" } }, /^database\.admin: is required/],
    [{ database: { app: "sqlite:./a.db", admin: 7 } }, /^database\.admin: must be an address/],
    [{ database: { app: "sqlite:./a.db", admin: "sqlite:./a.db", root: "x" } }, /^database\.root: is not an option/],
    [{ migrations: { getMigrations() {}, getMigrationName() {} } }, /^migrations: must be a path.*lacks getMigration$/],
    [{ knexMigrations: "a b" }, /^knexMigrations: must be a table or column name/],
    [{ detectVersion: "8.6.1" }, /^detectVersion: must be a function/],
    [{ authorize: true }, /^authorize: must be a function/],
    [{ installDir: 7 }, /^installDir: must be a path or a file URL/],
    [{ installDir: "https://example.test/install" }, /^installDir: must be a path/],
    [{ publicKey: 7 }, /^publicKey: must be the PEM text of a public Ed25519 key, or a list of them/],
    [{ integrity: "ask" }, /^integrity: must be "refuse" or "warn" or "off", got "ask"/],
    [{ templates: { custom: "./theme" } }, /^templates\.stock: is required/],
    [{ templates: { stock: "./views", custom: ["./a", 7] } }, /^templates\.custom\[1\]: must be a path or a file URL/],
    [{ templates: { stock: "./views", custom: "./a", old: 1 } }, /^templates\.old: is not an option/],
    [{ feed: { url: "ftp://vendor.example/feed.json" } }, /^feed\.url: must be an address such as "https:/],
    [{ feed: { url: "http://vendor.example/feed.json" } }, /^feed\.url: .*http: is accepted on the loopback only/],
    [{ feed: { url: "https://me:secret@vendor.example/feed.json" } }, /^feed\.url: must hold no password/],
    [{ feed: { url: "https://vendor.example/feed.json", channel: "nightly" } }, /^feed\.channel: must be "stable" or "series"/],
    [
      { feed: { url: "https://vendor.example/feed.json", everyHours: 0 } },
      /^feed\.everyHours: must be a whole number of hours from 1 to 720/,
    ],
    [{ mode: "automatic" }, /^mode: must be "wizard" or "auto", got "automatic"/],
    [{ resume: "always" }, /^resume: must be "ask" or "auto", got "always"/],
    [{ backup: true }, /^backup: must be "own", "none" or an object, got true/],
    [{ backup: "mine" }, /^backup: must be "own" or "none", got "mine"/],
    [{ backup: { kep: 3 } }, /^backup\.kep: is not an option; did you mean "keep"\?/],
    [{ backup: { keep: 0 } }, /^backup\.keep: must be a whole number from 1 to 1000, got 0/],
    [{ backup: { maxAgeDays: 1.5 } }, /^backup\.maxAgeDays: must be a whole number of days from 1 to 3650, got 1\.5/],
    [{ backup: { scratchDatabase: "a`b" } }, /^backup\.scratchDatabase: must be a database's name/],
    [{ backup: { proof: "none" } }, /^backup\.proof: must be "restore" or "read", got "none"/],
    [{ backup: { tool: "mysqldump" } }, /^backup\.tool: must be "dump" or "mydumper", got "mysqldump"/],
    [
      { backup: { tool: "dump", driver: { name: "cloud", create: () => undefined } } },
      /^backup\.tool: has no meaning beside backup\.driver/,
    ],
    [{ backup: { driver: { name: "cloud" } } }, /^backup\.driver: must have a function create/],
    [{ backup: { driver: { name: "a b", create: () => undefined } } }, /^backup\.driver: must have a name of 1 to 40/],
    [
      { backup: { driver: { name: "cloud", create: () => undefined, restore: 1 } } },
      /^backup\.driver: must have functions, where it has them: restore/,
    ],
    [{ patches: "apply" }, /^patches: must be "ask" or "stamp"/],
    [{ restart: undefined, patches: null }, /^patches: .*got null/],
    [{ restart: "always" }, /^restart: must be "ask" or "exit"/],
    [{ migrations: undefined }, /^migrations: is required/],
    [{ migrations: "" }, /^migrations: must be a path or a file URL/],
    [{ migrations: new URL("https://vendor.test/m/") }, /^migrations: /],
    [{ license: 1 }, /^license: must be a path or a file URL/],
    [{ license: new URL("https://vendor.test/EULA.md") }, /^license: /],
    [{ release: new URL("https://vendor.test/release.json") }, /^release: /],
    [{ dataDir: new URL("https://vendor.test/data") }, /^dataDir: /],
    [{ configFile: new URL("https://vendor.test/upgate.config.mjs") }, /^configFile: /],
    [{ releaseNotes: new URL("ftp://vendor.test/") }, /^releaseNotes: must be a file: or https: URL/],
    [{ installPath: "install" }, /^installPath: must be a path such as "\/install"/],
    [{ installPath: "/install/" }, /^installPath: /],
    [{ installPath: "/" }, /^installPath: /],
    [{ installPath: "" }, /^installPath: /],
    [{ installPath: "/a/../b" }, /^installPath: /],
    [{ installPath: "/a b" }, /^installPath: /],
    [{ basePath: "/billing/" }, /^basePath: must be a path such as "\/billing"/],
    [{ installKey: "short" }, /^installKey: must have at least 16/],
    [{ installKey: "" }, /^installKey: must not be empty/],
    [{ versionRow: "tbl_config" }, /^versionRow: must be an object/],
    [{ versionRow: { table: "tbl config; drop" } }, /^versionRow\.table: must be a table or column name/],
    [{ versionRow: { parse: "8" } }, /^versionRow\.parse: must be a function/],
    [{ probes: true }, /^probes: must be an object/],
    [{ probes: { live: "live" } }, /^probes\.live: must be a path/],
    [{ branding: { accentColor: "red" } }, /^branding\.accentColor: must be a hex colour/],
    [{ branding: { accentColor: "#2454c7;}body{" } }, /^branding\.accentColor: must be a hex colour/],
    [{ branding: { maintenanceMessage: "x".repeat(501) } }, /^branding\.maintenanceMessage: .*500 characters, got 501/],
    [{ branding: { name: 7 } }, /^branding\.name: must be a string, got number/],
    [{ views: "./views" }, /^views: must be an array of paths/],
    [{ views: ["./views", 42] }, /^views\[1\]: must be a path/],
    [{ pollMs: 99 }, /^pollMs: .*from 100 to 60000, got 99/],
    [{ pollMs: 60_001, nodeTtlMs: 3_600_000 }, /^pollMs: /],
    [{ pollMs: "1000" }, /^pollMs: /],
    [{ pollMs: 1000.5 }, /^pollMs: /],
    [{ pollMs: 1000, nodeTtlMs: 2999 }, /^nodeTtlMs: .*from 3000/],
    [{ leaseTtlMs: 999 }, /^leaseTtlMs: .*from 1000/],
    [{ leaseTtlMs: Number.NaN }, /^leaseTtlMs: .*got NaN/],
    [{ logger: { info: () => {} } }, /^logger: .*missing: warn, error/],
    [{ logger: null }, /^logger: .*missing: info, warn, error/],
  ];
  for (const [extra, says] of table)
    test(`${Object.entries(extra)
      .map(([name, value]) => `${name} ${JSON.stringify(value) ?? String(value)}`)
      .join(", ")
      .slice(0, 70)}`, () => assertProblem(extra, says));

  test("bounds themselves are accepted", () => {
    assert.deepEqual(problemsOf({ pollMs: 100, nodeTtlMs: 300, leaseTtlMs: 1000 }), []);
    assert.deepEqual(problemsOf({ pollMs: 60_000, nodeTtlMs: 3_600_000, leaseTtlMs: 3_600_000 }), []);
  });

  for (const input of [undefined, null, 42, "x"])
    test(`${String(input)} in place of options`, () =>
      assert.match(checkOptions(input, {}).problems[0]?.message ?? "", /must be an object/));

  test("a promise is told to be one", () =>
    assert.deepEqual(checkOptions(Promise.resolve(LEAST), {}).problems, [
      { path: "options", message: "is a promise: await it before you hand it over" },
    ]));
});

test("all problems are told at once, each on its line", () => {
  const { problems } = checkOptions({ version: "8.6", licence: "./EULA.md", pollMs: 1, branding: { accentColor: "red" } }, {});
  const named = ["branding.accentColor", "database", "licence", "migrations", "pollMs", "version"];
  assert.deepEqual(problems.map(({ path }) => path).toSorted(), named);
  assert.throws(
    () => refuseProblems(problems),
    (error) => {
      assert.ok(isUpgateError(error, "ERR_UPGATE_OPTIONS"));
      assert.deepEqual(error.problems, problems);
      assert.match(error.message, /have 6 problems:/);
      for (const name of named) assert.match(error.message, new RegExp(`^ {2}${name}: `, "m"));
      return true;
    },
  );
});

test("no problem, no error", () => refuseProblems([]));
