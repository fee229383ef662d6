import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import path from "node:path";
import { describe, test, type TestContext } from "node:test";
import { MOST_FORMER_RELEASES } from "../../src/release/former-files.js";
import { parseManifest, type ReleaseManifest } from "../../src/release/manifest.js";
import type { SealRules } from "../../src/release/seal-rules.js";
import { type Files, sealedFolder, sealFolder } from "./support/sealed-folder.js";
import { tempFolder } from "./support/temp-folder.js";

const namesOf = ({ files = {} }: ReleaseManifest): string[] => Object.keys(files);
const shipped = (t: TestContext, files: Files, rules: Partial<SealRules> = {}): string[] =>
  namesOf(sealFolder(tempFolder(t, files), { rules }));

describe("what is sealed", () => {
  test("all files in order, whatever the order on the disk; the manifest itself is not among them", (t) => {
    assert.deepEqual(shipped(t, { "z.js": "", "a/z.js": "", "a/b/c.js": "", "a.js": "", "release.json": "{}" }), [
      "a.js",
      "a/b/c.js",
      "a/z.js",
      "z.js",
    ]);
  });

  test("the same files give the same text", (t) => {
    const files = { "b.js": "b", "a.js": "a" };
    assert.equal(JSON.stringify(sealFolder(tempFolder(t, files))), JSON.stringify(sealFolder(tempFolder(t, files))));
  });

  test("not what belongs to the machine: Git, secrets, logs, node_modules, what a hosting panel writes", (t) => {
    const files = [
      ".git/HEAD",
      ".env",
      ".env.local",
      ".npmrc",
      "a.log",
      "logs/x",
      "node_modules/x/i.js",
      "lib/node_modules/y/i.js",
      ".htaccess",
    ];
    assert.deepEqual(shipped(t, { ...Object.fromEntries(files.map((file) => [file, ""])), "lib/logs/kept.js": "" }), ["lib/logs/kept.js"]);
  });

  test("what the vendor includes all the same", (t) => {
    assert.deepEqual(shipped(t, { "node_modules/x/i.js": "", "a.js": "" }, { include: ["node_modules"] }), ["a.js", "node_modules/x/i.js"]);
  });

  test("not what .upgateignore says, in the language of .gitignore", (t) => {
    const files = { ".upgateignore": "# ours\ntest/\n*.md\n!README.md\n/only-here.js\n", "test/a.js": "", "lib/test/b.js": "" };
    const more = { "docs/x.md": "", "README.md": "", "only-here.js": "", "lib/only-here.js": "", "lib/Test.js": "" };
    assert.deepEqual(shipped(t, { ...files, ...more }), ["README.md", "lib/Test.js", "lib/only-here.js"]);
  });

  test("not what --exclude says", (t) => {
    assert.deepEqual(shipped(t, { "a.ts": "", "a.js": "" }, { exclude: ["*.ts"] }), ["a.js"]);
  });

  test("not what belongs to the site, whatever its name holds", (t) => {
    const folder = tempFolder(t, { "my data [1]/x": "", "themes/own/a.ejs": "", "a.js": "", "my data 1/x": "" });
    const own = ["my data [1]", "themes/own", "../elsewhere"].map((name) => path.join(folder, name));
    assert.deepEqual(namesOf(sealFolder(folder, { rules: { own } })), ["a.js", "my data 1/x"]);
  });

  test("names of all languages, and names of JavaScript's own", (t) => {
    assert.deepEqual(shipped(t, { "日本語/ä ö.js": "", constructor: "", ["__proto__"]: "" }), [
      "__proto__",
      "constructor",
      "日本語/ä ö.js",
    ]);
  });

  test("a link within counts as its file; a linked folder is listed where it lies", (t) => {
    const folder = tempFolder(t, { "lib/a.js": "a" });
    symlinkSync("lib/a.js", path.join(folder, "start.js"));
    symlinkSync("lib", path.join(folder, "linked"));
    assert.deepEqual(namesOf(sealFolder(folder)), ["lib/a.js", "start.js"]);
  });

  test("links that lead out, pipes and names that not every system can have are refused, all by name", (t) => {
    const folder = tempFolder(t, { "a.js": "", "a:b.js": "" });
    symlinkSync("/etc/hosts", path.join(folder, "hosts"));
    symlinkSync("/etc", path.join(folder, "etc"));
    symlinkSync("nowhere", path.join(folder, "nothing"));
    execFileSync("mkfifo", [path.join(folder, "pipe")]);
    assert.throws(() => sealFolder(folder), {
      code: "ERR_UPGATE_SEAL",
      message: /"a:b\.js" has a name .*etc is a link that leads out.*hosts is a link.*nothing is a link .* or to nothing.*pipe is no file/,
    });
    assert.deepEqual(namesOf(sealFolder(folder, { rules: { exclude: ["hosts", "etc", "nothing", "pipe", "a:b.js"] } })), ["a.js"]);
  });
});

describe("what earlier releases had", () => {
  test("only what is otherwise is remembered, each change once", (t) => {
    const first = sealedFolder(t, { same: "s", a: "1", b: "1", gone: "g" }, { version: "8.4.0" });
    const second = sealedFolder(t, { same: "s", a: "2", b: "1" }, { version: "8.5.0", previous: [first.manifest] });
    const third = sealedFolder(t, { same: "s", a: "2", b: "3", added: "x" }, { version: "8.6.0", previous: [second.manifest] });
    const named = Object.entries(third.manifest.formerFiles ?? {}).map(([version, files]) => [version, ...Object.keys(files)]);
    assert.deepEqual(named, [
      ["8.5.0", "b"],
      ["8.4.0", "a", "gone"],
    ]);
    assert.equal(parseManifest(JSON.stringify(third.manifest)).kind, "read");
  });

  test("sealing again changes nothing", (t) => {
    const first = sealedFolder(t, { a: "1" }, { version: "8.4.0" });
    const second = sealedFolder(t, { a: "2" }, { version: "8.5.0", previous: [first.manifest] });
    assert.deepEqual(sealFolder(second.folder, { version: "8.5.0", previous: [second.manifest] }), second.manifest);
  });

  test("later releases than the one that is sealed do not count: a series that is still kept", (t) => {
    const later = sealedFolder(t, { a: "9" }, { version: "9.0.0" });
    assert.equal(sealedFolder(t, { a: "1" }, { version: "8.6.5", previous: [later.manifest] }).manifest.formerFiles, undefined);
  });

  test("the newest ten are remembered", (t) => {
    let previous: ReleaseManifest[] = [];
    for (let minor = 0; minor <= 14; minor++)
      previous = [sealFolder(tempFolder(t, { a: `${minor}` }), { version: `8.${minor}.0`, previous })];
    const former = Object.keys(previous[0]?.formerFiles ?? {});
    assert.deepEqual([former.length, former[0], former.at(-1)], [MOST_FORMER_RELEASES, "8.13.0", "8.4.0"]);
  });

  test("their templates are remembered by version, in full", (t) => {
    const hash = (digit: string): string => digit.repeat(64);
    const before = { version: "8.5.0", templates: { "a.ejs": hash("1") }, templateHistory: { "8.4.0": { "a.ejs": hash("0") } } };
    const { templateHistory } = sealFolder(tempFolder(t), { previous: [before] });
    assert.deepEqual(templateHistory, { "8.5.0": { "a.ejs": hash("1") }, "8.4.0": { "a.ejs": hash("0") } });
  });
});

describe("a patch set", () => {
  const patch = { kind: "patch", appliesTo: "~8.6.0" } as const;
  const base = (t: TestContext): ReleaseManifest => sealFolder(tempFolder(t, { a: "1", b: "1", gone: "1" }), { version: "8.6.0" });

  test("lists what it replaces or adds, and misses nothing of the release below it", (t) => {
    const manifest = sealFolder(tempFolder(t, { a: "1", b: "2", added: "x" }), { about: patch, previous: [base(t)] });
    assert.deepEqual(namesOf(manifest), ["added", "b"]);
    assert.deepEqual(Object.keys(manifest.formerFiles?.["8.6.0"] ?? {}), ["b"]);
  });

  test("for several releases lists what any of them has otherwise", (t) => {
    const first = base(t);
    const second = sealFolder(tempFolder(t, { a: "2", b: "1" }), { version: "8.6.1", about: patch, previous: [first] });
    const third = sealFolder(tempFolder(t, { a: "2", b: "3" }), { version: "8.6.2", about: patch, previous: [first, second] });
    assert.deepEqual(namesOf(third), ["a", "b"]);
  });

  test("in a folder of its own lists all that is there", (t) => {
    assert.deepEqual(namesOf(sealFolder(tempFolder(t, { b: "2" }), { about: patch })), ["b"]);
  });

  test("is part of what the next full release remembers", (t) => {
    const first = base(t);
    const second = sealFolder(tempFolder(t, { b: "2" }), { version: "8.6.1", about: patch, previous: [first] });
    const next = sealFolder(tempFolder(t, { a: "1", b: "3" }), { version: "8.7.0", previous: [first, second] });
    const named = Object.entries(next.formerFiles ?? {}).map(([version, files]) => [version, ...Object.keys(files)]);
    assert.deepEqual(named, [
      ["8.6.1", "b", "gone"],
      ["8.6.0", "b"],
    ]);
  });
});
