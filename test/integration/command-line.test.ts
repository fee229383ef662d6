import assert from "node:assert/strict";
import path from "node:path";
import { rmSync } from "node:fs";
import { after, describe, it } from "node:test";
import { type Answers, assertPlain, READING, runCli, runCliJson } from "../support/cli.js";
import { createProject, SHOP_MIGRATIONS } from "../support/project.js";

describe("the command line itself", commandLine);

const VERBS = [
  "status",
  "plan",
  "up",
  "resume",
  "retry",
  "unlock",
  "repair",
  "key",
  "history",
  "audit",
  "doctor",
  "baseline",
  "init",
  "make",
  "seal",
];

function commandLine(): void {
  const project = createProject("sqlite:./shop.db", { migrations: SHOP_MIGRATIONS });
  const here = { cwd: project.folder };
  after(() => project.remove());

  it("explains itself: every verb's help has examples and exit codes", async () => {
    const { code, stdout } = await runCli(["--help"], here);
    assert.equal(code, 0);
    for (const verb of VERBS) assert.match(stdout, new RegExp(`^  ${verb}\\b`, "m"));
    for (const verb of READING) {
      const help = await runCli(["help", verb], here);
      assert.equal(help.code, 0);
      assert.match(help.stdout, new RegExp(`\\nExamples:\\n  upgate ${verb}\\b[^]*\\nExit codes:\\n +\\d+  `));
    }
  });

  it("ends with 2 when the command line itself is wrong", async () => {
    for (const args of [["stats"], ["status", "--yes"], ["plan", "extra"], ["history", "--limit", "some"], ["history", "--limit", "0"]]) {
      const { code, stdout, stderr } = await runCli(args, here);
      assert.deepEqual([code, stdout], [2, ""], args.join(" "));
      assert.match(stderr, /^error: /);
      assert.match(stderr, /upgate help <verb>/);
    }
  });

  it("colours its answers only where a terminal shows them, or FORCE_COLOR asks for it", async () => {
    for (const verb of ["status", "plan", "doctor"]) {
      assertPlain(await runCli([verb], here));
      assertPlain(await runCli([verb], { ...here, env: { NO_COLOR: "1" } }));
      const coloured = await runCli([verb], { ...here, env: { FORCE_COLOR: "1" } });
      assert.ok(coloured.stdout.includes(`${String.fromCharCode(27)}[3`), verb);
      assertPlain(await runCli([verb, "--json"], { ...here, env: { FORCE_COLOR: "1" } }));
    }
  });

  const REFUSED: readonly [name: string, file: string | null, text: string, says: RegExp][] = [
    ["is missing", null, "", /There is no upgate\.config\.mjs/],
    ["is not where --config says", "elsewhere.mjs", "", /There is no file .*elsewhere\.mjs\./],
    ["is no address of a file", "file://elsewhere/a.mjs", "", /There is no file/],
    ["throws", "a.mjs", 'throw new Error("no DATABASE_URL");', /a\.mjs can't be loaded: no DATABASE_URL/],
    ["exports nothing", "b.mjs", "export const options = {};", /b\.mjs has no default export that is an object/],
    ["exports a function", "c.mjs", "export default () => ({});", /c\.mjs has no default export that is an object/],
    ["exports a promise", "d.mjs", "export default (async () => ({}))();", /d\.mjs exports a promise\.[^]*[Aa]wait it in the file/],
    ["hands a promise to CommonJS", "e.cjs", "module.exports = Promise.resolve({});", /e\.cjs exports a promise/],
  ];
  for (const [name, file, text, says] of REFUSED)
    it(`refuses a configuration that ${name}`, async () => {
      const empty = createProject("sqlite:./shop.db", { migrations: {} });
      rmSync(path.join(empty.folder, "upgate.config.mjs"));
      if (file !== null && text !== "") empty.write(file, text);
      const args = file === null ? [] : ["--config", file];
      const status = await runCli(["status", ...args], { cwd: empty.folder });
      assert.deepEqual([status.code, status.stdout], [1, ""]);
      assert.match(status.stderr, /^ERR_UPGATE_CONFIG_FILE: /);
      assert.match(status.stderr, says);
      const { json, code } = await runCliJson<Answers>(["doctor", ...args], { cwd: empty.folder });
      assert.equal(code, 1);
      const [configuration, packages] = json.groups;
      assert.deepEqual(
        [configuration?.title, configuration?.checks[0]?.severity, packages?.title],
        ["Configuration", "danger", "Packages"],
      );
      empty.remove();
    });

  it("tells a wrong command line in one object, too", async () => {
    for (const args of [["status", "--bogus"], ["frobnicate"], ["baseline"], ["make", "../a"]]) {
      const { code, json } = await runCliJson<Answers>(args, here);
      assert.deepEqual([code, json.error.code], [2, "ERR_UPGATE_OPTIONS"], args.join(" "));
      assert.doesNotMatch(json.error.message, /^error: /);
    }
  });

  it("names every wrong option, one by one in doctor", async () => {
    project.write("wrong.mjs", 'export default { version: "8.6", databse: "sqlite:./a.db", migrations: "./migrations" };');
    const args = ["--config", "wrong.mjs"];
    const status = await runCliJson<Answers>(["status", ...args], here);
    assert.deepEqual([status.code, status.json.error.code], [1, "ERR_UPGATE_OPTIONS"]);
    const doctor = await runCli(["doctor", ...args], here);
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, /^ {2}danger +Option databse +is not an option; did you mean "database"\?$/m);
    assert.match(doctor.stdout, /^ {2}danger +Option version /m);
  });

  const options = JSON.stringify({ version: "1.1.0", database: "sqlite:./shop.db", migrations: "./migrations" });
  const TAKEN: readonly [name: string, file: string, text: string][] = [
    ["an awaited promise", "awaited.mjs", `export default await Promise.resolve(${options});`],
    ["module.exports", "common.cjs", `module.exports = ${options};`],
    [
      "compiled exports.default",
      "compiled.cjs",
      `Object.defineProperty(exports, "__esModule", { value: true });\nexports.default = ${options};`,
    ],
  ];
  for (const [name, file, text] of TAKEN)
    it(`takes a configuration in the form of ${name}`, async () => {
      project.write(file, text);
      const { code, json } = await runCliJson<Answers>(["status", "--config", file], here);
      assert.deepEqual([code, json.state.kind], [10, "fresh"]);
    });

  it("takes a configuration in TypeScript with the host's loader, and says so where there is none", async () => {
    project.write("typed.ts", `enum Release { Installed = "1.1.0" }\nexport default { ...${options}, version: Release.Installed };`);
    const env = { NODE_OPTIONS: `--import ${import.meta.resolve("tsx")}` };
    const { code, json } = await runCliJson<Answers>(["status", "--config", "typed.ts"], { ...here, env });
    assert.deepEqual([code, json.state.kind], [10, "fresh"]);
    const without = await runCli(["status", "--config", "typed.ts"], here);
    assert.equal(without.code, 1);
    assert.match(without.stderr, /^ERR_UPGATE_CONFIG_FILE: .*typed\.ts can't be loaded: .*(?:node --import tsx|enum)/);
  });
}
