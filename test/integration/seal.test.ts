import assert from "node:assert/strict";
import { readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ReleaseManifest } from "../../src/release/manifest.js";
import { type CliAnswer, runCli, runCliJson } from "../support/cli.js";
import { tempFolder } from "../unit/support/temp-folder.js";

/** A build machine knows no database. */
const CONFIG = `import { readFileSync } from "node:fs";
export default { version: process.env.RELEASE ?? "8.6.1", database: process.env.NO_SUCH_DATABASE, migrations: "./migrations", release: "./release.json",
  dataDir: "./data", templates: { stock: "./views", custom: "./themes/own" }, publicKey: process.env.PUBLIC_KEY };
`;

let folder = "";
const at = (file: string): string => path.join(folder, file);
const manifest = (file = "release.json"): ReleaseManifest => JSON.parse(readFileSync(at(file), "utf8")) as ReleaseManifest;
const seal = (args: readonly string[] = [], env: Record<string, string> = {}): Promise<CliAnswer> =>
  runCli(["seal", ...args], { cwd: folder, env: { SOURCE_DATE_EPOCH: "1790000000", ...env } });
const sealed = async (args: readonly string[] = [], env: Record<string, string> = {}): Promise<ReleaseManifest> => {
  const { code, stderr } = await seal(args, env);
  assert.equal(code, 0, stderr);
  return manifest();
};

describe("upgate seal", () => {
  beforeEach((t) => {
    folder = tempFolder(t as Parameters<typeof tempFolder>[0], {
      "upgate.config.mjs": CONFIG,
      "migrations/8.6.0/0001-a.mjs": "export const up = () => {};",
      "server.js": "start();",
      "views/invoice.ejs": "stock",
      "themes/own/invoice.ejs": "the operator's",
      "data/backup.sql": "secret",
      "release.json": JSON.stringify({ version: "8.6.0", upgradeFrom: ">=8.0.0", ours: { any: "member" } }),
    });
  });
  afterEach(() => (folder = ""));

  it("lists what is shipped, keeps what was written by hand, and needs no database", async () => {
    const { version, kind, upgradeFrom, migrations, files, templates, sealedAt, signature, ...rest } = await sealed();
    assert.deepEqual([version, kind, upgradeFrom, migrations], ["8.6.1", "full", ">=8.0.0", ["8.6.0/0001-a"]]);
    assert.deepEqual(Object.keys(files ?? {}), ["migrations/8.6.0/0001-a.mjs", "server.js", "upgate.config.mjs", "views/invoice.ejs"]);
    assert.deepEqual(Object.keys(templates ?? {}), ["invoice.ejs"]);
    assert.deepEqual([sealedAt, signature, rest], ["2026-09-21T14:13:20.000Z", undefined, { ours: { any: "member" } }]);
  });

  it("gives the same manifest for the same files", async () => {
    await sealed();
    const first = readFileSync(at("release.json"), "utf8");
    await sealed();
    assert.equal(readFileSync(at("release.json"), "utf8"), first);
  });

  it("remembers what the release before had, and its templates", async () => {
    await sealed([], { RELEASE: "8.6.0" });
    writeFileSync(at("server.js"), "start(1);");
    writeFileSync(at("views/invoice.ejs"), "changed");
    const { formerFiles, templateHistory } = await sealed();
    assert.deepEqual(Object.keys(formerFiles?.["8.6.0"] ?? {}), ["server.js", "views/invoice.ejs"]);
    assert.deepEqual(Object.keys(templateHistory ?? {}), ["8.6.0"]);
  });

  it("archives the templates' texts, and those of the releases that it remembers", async () => {
    const texts = (): string[] => Object.keys((JSON.parse(readFileSync(at("stock.json"), "utf8")) as { texts: object }).texts);
    const [first, { templates: old = {} }] = [await seal(["--archive"]), await sealed(["--archive", "stock.json"], { RELEASE: "8.6.0" })];
    assert.deepEqual([first.code, /--archive <file>/.test(first.stderr)], [1, true], "nothing says where it goes");
    writeFileSync(at("views/invoice.ejs"), "changed");
    const { templates = {}, files = {} } = await sealed(["--archive", "stock.json"]);
    assert.deepEqual(texts(), [...Object.values(old), ...Object.values(templates)].toSorted());
    assert.ok(Object.hasOwn(files, "stock.json"), "it is shipped");
    writeFileSync(at("stock.json"), "{}");
    const broken = await seal(["--archive", "stock.json"]);
    assert.deepEqual([broken.code, /is no archive of templates/.test(broken.stderr)], [1, true]);
  });

  it("says what the options say", async () => {
    const about = ["--upgrade-from", ">=8.2.0", "--required-stop", "8.4.0", "--required-stop", "8.5.0", "--pruned-before", "8.1.0"];
    const { upgradeFrom, requiredStops, prunedBefore, files } = await sealed([...about, "--exclude", "views/"]);
    assert.deepEqual([upgradeFrom, requiredStops, prunedBefore], [">=8.2.0", ["8.4.0", "8.5.0"], "8.1.0"]);
    assert.equal(Object.hasOwn(files ?? {}, "views/invoice.ejs"), false);
    assert.equal((await seal(["--upgrade-from", "eight"])).code, 2);
  });

  it("makes a patch set of what has changed, and refuses one that says not what it fits", async () => {
    await sealed(["--out", "old.json"], { RELEASE: "8.6.0" });
    writeFileSync(at("server.js"), "start(1);");
    const refused = await seal(["--kind", "patch"]);
    assert.deepEqual([refused.code, /--applies-to/.test(refused.stderr)], [1, true]);
    const patch = await sealed(["--kind", "patch", "--applies-to", "8.6.0", "--previous", "old.json", "--exclude", "old.json"]);
    assert.deepEqual([patch.kind, patch.appliesTo, Object.keys(patch.files ?? {})], ["patch", "8.6.0", ["server.js"]]);
  });

  it("writes a key pair once, for its owner alone; signs with it; and lets --check tell", async () => {
    const made = await runCliJson<{ publicKey: string }>(["seal", "--generate-key", "vendor.pem"], { cwd: folder });
    assert.match(made.json.publicKey, /BEGIN PUBLIC KEY/);
    assert.equal(statSync(at("vendor.pem")).mode & 0o777, 0o600);
    const again = await seal(["--generate-key", "vendor.pem"]);
    assert.deepEqual([again.code, /can't be written/.test(again.stderr)], [1, true]);
    const env = { PUBLIC_KEY: made.json.publicKey };
    const { files, signature } = await sealed(["--key", "vendor.pem"], env);
    assert.equal(Object.hasOwn(files ?? {}, "vendor.pem"), false, "the key is never shipped");
    assert.equal(signature?.algorithm, "Ed25519");
    const fine = await seal(["--check"], env);
    assert.deepEqual([fine.code, /signature {3}valid/.test(fine.stdout)], [0, true]);
    writeFileSync(at("release.json"), JSON.stringify({ ...manifest(), version: "9.9.9" }));
    const broken = await seal(["--check"], env);
    assert.deepEqual([broken.code, /signature {3}broken/.test(broken.stdout)], [12, true]);
  });

  it("takes the key from the environment, as a file or as its text", async () => {
    await seal(["--generate-key", "vendor.pem"]);
    const pem = readFileSync(at("vendor.pem"), "utf8");
    const ids = [];
    for (const key of ["vendor.pem", pem, pem.replaceAll("\n", String.raw`\n`)])
      ids.push((await sealed(["--exclude", "vendor.pem"], { UPGATE_SEAL_KEY: key })).signature?.keyId);
    assert.equal(new Set(ids).size, 1);
    assert.match(ids[0] ?? "", /^[0-9a-f]{16}$/);
  });

  it("refuses what the application would not accept: no key, another one, none at all", async () => {
    await seal(["--generate-key", "vendor.pem"]);
    await seal(["--generate-key", "other.pem"]);
    const { json } = await runCliJson<{ publicKey: string }>(["seal", "--generate-key", "ours.pem"], { cwd: folder });
    const env = { PUBLIC_KEY: json.publicKey };
    const before = readFileSync(at("release.json"), "utf8");
    for (const [args, says] of [
      [[], /must be signed, and no key is given/],
      [["--key", "other.pem"], /belongs to none of the keys/],
      [["--key", "server.js"], /can't be used/],
      [["--key", "nowhere.pem"], /ENOENT/],
    ] as const) {
      const { code, stderr } = await seal(args, env);
      assert.equal(code, 1);
      assert.match(stderr, says);
    }
    assert.equal(readFileSync(at("release.json"), "utf8"), before, "nothing was written");
  });

  it("--check names each file, and writes nothing", async () => {
    await sealed();
    writeFileSync(at("server.js"), "stop();");
    symlinkSync("/etc/hosts", at("migrations/hosts"));
    const before = readFileSync(at("release.json"), "utf8");
    const { code, stdout } = await seal(["--check"]);
    assert.deepEqual([code, /^altered {5}server\.js$/m.test(stdout)], [12, true]);
    assert.equal(readFileSync(at("release.json"), "utf8"), before);
    const refused = await seal();
    assert.deepEqual([refused.code, /ERR_UPGATE_SEAL.*migrations\/hosts is a link/.test(refused.stderr)], [1, true]);
    assert.equal(readFileSync(at("release.json"), "utf8"), before, "nothing was written");
  });
});
