import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { TemplateArchive, writeTemplateArchive } from "../../src/release/template-archive.js";
import { hashTemplates, readTemplate, TEMPLATE_BYTES, TemplateFiles, textOf } from "../../src/release/template-files.js";
import { REMEMBERED_RELEASES, TemplateMemory } from "../../src/release/template-memory.js";
import { tempFolder } from "./support/temp-folder.js";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("folders of templates", () => {
  test("are read by path, with line ends as LF beside the bytes as they are", async (t) => {
    const folder = tempFolder(t, { "a.ejs": "x\r\ny\r\n", "sub/b.ejs": "x\n" });
    assert.deepEqual(await hashTemplates(folder), { "a.ejs": sha256("x\ny\n"), "sub/b.ejs": sha256("x\n") });
    const { files } = await new TemplateFiles().read(folder);
    assert.equal(files.get("a.ejs")?.raw, sha256("x\r\ny\r\n"));
    assert.equal((await readTemplate(await new TemplateFiles().read(folder), "a.ejs"))?.toString(), "x\ny\n");
  });

  test("leave out what is excluded, hidden, too large, special, or leads out of them", async (t) => {
    const outside = tempFolder(t, { "secret.txt": "secret" });
    const folder = tempFolder(t, {
      "a.ejs": "a",
      "themes/mine/a.ejs": "mine",
      ".git/config": "x",
      "node_modules/x/y.ejs": "x",
      "large.ejs": "x".repeat(TEMPLATE_BYTES + 1),
    });
    symlinkSync(path.join(outside, "secret.txt"), path.join(folder, "leak.ejs"));
    symlinkSync(outside, path.join(folder, "leaking"));
    symlinkSync("a.ejs", path.join(folder, "alias.ejs"));
    symlinkSync(".", path.join(folder, "circle"));
    execFileSync("mkfifo", [path.join(folder, "pipe.ejs")]);
    const read = await new TemplateFiles().read(folder, [path.join(folder, "themes")]);
    assert.deepEqual([...read.files.keys()], ["a.ejs", "alias.ejs"]);
    assert.deepEqual(read.skipped.toSorted(), ["circle", "large.ejs", "leak.ejs", "leaking", "pipe.ejs"]);
    assert.equal(await readTemplate(read, "../secret.txt"), null);
    assert.equal(await readTemplate(read, "leak.ejs"), null);
  });

  test("are empty where they don't exist; a file that changes is read again", async (t) => {
    const folder = tempFolder(t);
    const files = new TemplateFiles();
    assert.equal((await files.read(path.join(folder, "none"))).files.size, 0);
    writeFileSync(path.join(folder, "a.ejs"), "one");
    assert.equal((await files.read(folder)).files.get("a.ejs")?.hash, sha256("one"));
    writeFileSync(path.join(folder, "a.ejs"), "three");
    assert.equal((await files.read(folder)).files.get("a.ejs")?.hash, sha256("three"));
  });

  test("a file with a NUL is no text", () => {
    assert.equal(textOf(Buffer.from("a\0b")), null);
    assert.equal(textOf(Buffer.from("a")), "a");
    assert.equal(textOf(null), null);
  });
});

describe("the site's memory of stock templates", () => {
  const remember = async (memory: TemplateMemory, version: string, folder: string, kept: readonly string[] = []): Promise<void> =>
    memory.remember(version, await new TemplateFiles().read(folder), new Set(kept));

  test("keeps the latest releases, and what is needed for a review, whatever its age", async (t) => {
    const folder = tempFolder(t, { "stock/same.ejs": "the same in all releases" });
    const stock = path.join(folder, "stock");
    const memory = new TemplateMemory(path.join(folder, "memory"));
    for (let minor = 0; minor <= REMEMBERED_RELEASES + 1; minor++) {
      writeFileSync(path.join(stock, "a.ejs"), `release 1.${minor}.0`);
      await remember(memory, `1.${minor}.0`, stock, [sha256("release 1.0.0")]);
    }
    const releases = await memory.releases();
    assert.deepEqual([...releases.keys()].length, REMEMBERED_RELEASES);
    assert.equal(releases.has("1.1.0"), false);
    assert.equal((await memory.content(sha256("release 1.0.0")))?.toString(), "release 1.0.0", "kept");
    assert.equal(await memory.content(sha256("release 1.1.0")), null, "let go");
    assert.equal((await memory.content(sha256("the same in all releases")))?.toString(), "the same in all releases");
  });

  test("a release's list is that of its first start, whatever lies there at the next", async (t) => {
    const folder = tempFolder(t, { "stock/a.ejs": "of 1.0.0" });
    const [stock, memory] = [path.join(folder, "stock"), new TemplateMemory(path.join(folder, "memory"))];
    await remember(memory, "1.0.0", stock);
    writeFileSync(path.join(stock, "a.ejs"), "uploaded already");
    await remember(memory, "1.0.0", stock);
    assert.deepEqual((await memory.releases()).get("1.0.0"), { "a.ejs": sha256("of 1.0.0") });
    assert.equal((await memory.content(sha256("of 1.0.0")))?.toString(), "of 1.0.0");
    assert.equal((await memory.content(sha256("uploaded already")))?.toString(), "uploaded already");
  });

  test("the present release stays when an earlier one is installed again", async (t) => {
    const folder = tempFolder(t, { "stock/a.ejs": "old" });
    const memory = new TemplateMemory(path.join(folder, "memory"));
    for (let minor = 1; minor <= REMEMBERED_RELEASES; minor++) await remember(memory, `2.${minor}.0`, path.join(folder, "stock"));
    await remember(memory, "1.0.0", path.join(folder, "stock"));
    assert.ok((await memory.releases()).has("1.0.0"));
  });

  test("takes what is damaged, swollen or not its own for not there", async (t) => {
    const folder = tempFolder(t, { "stock/a.ejs": "text", "memory/8.0.0.json": "{", "memory/9.0.0.json": '{"templates":{"../x":"1"}}' });
    const place = path.join(folder, "memory");
    const memory = new TemplateMemory(place);
    await remember(memory, "1.0.0", path.join(folder, "stock"));
    assert.deepEqual([...(await memory.releases()).keys()], ["1.0.0"]);
    writeFileSync(path.join(place, `${sha256("text")}.gz`), gzipSync("another text"));
    assert.equal(await memory.content(sha256("text")), null, "not what its sum says");
    const bomb = "x".repeat(8 * TEMPLATE_BYTES);
    writeFileSync(path.join(place, `${sha256(bomb)}.gz`), gzipSync(bomb));
    assert.equal(await memory.content(sha256(bomb)), null, "larger than a template is");
    assert.equal(await memory.content("../../etc/passwd"), null);
  });

  test("leaves no half file", async (t) => {
    const folder = tempFolder(t, { "stock/a.ejs": "text" });
    const memory = new TemplateMemory(path.join(folder, "memory"));
    await Promise.all([1, 2, 3].map(() => remember(memory, "1.0.0", path.join(folder, "stock"))));
    assert.deepEqual(readdirSync(path.join(folder, "memory")).toSorted(), ["1.0.0.json", `${sha256("text")}.gz`].toSorted());
  });
});

describe("the vendor's archive", () => {
  test("takes the earlier texts along, and is the same file for the same templates", async (t) => {
    const folder = tempFolder(t, { "stock/a.ejs": "one\r\n", "stock/b.ejs": "both" });
    const [stock, file] = [path.join(folder, "stock"), path.join(folder, "templates.json")];
    const first = await writeTemplateArchive(file, { stock });
    assert.deepEqual(first.templates, { "a.ejs": sha256("one\n"), "b.ejs": sha256("both") });
    const before = readFileSync(file, "utf8");
    await writeTemplateArchive(file, { stock });
    assert.equal(readFileSync(file, "utf8"), before);
    writeFileSync(path.join(stock, "a.ejs"), "two\n");
    assert.equal((await writeTemplateArchive(file, { stock })).texts, 3);
    const archive = new TemplateArchive(file);
    assert.equal((await archive.content(sha256("one\n")))?.toString(), "one\n");
    assert.equal((await archive.content(sha256("two\n")))?.toString(), "two\n");
    assert.equal(await archive.content("constructor"), null);
  });

  test("keeps of the earlier texts what is asked for, and excludes the theme folders", async (t) => {
    const folder = tempFolder(t, { "stock/a.ejs": "one", "stock/themes/a.ejs": "theme" });
    const [stock, file] = [path.join(folder, "stock"), path.join(folder, "templates.json")];
    const excluded = [path.join(stock, "themes")];
    await writeTemplateArchive(file, { stock, excluded });
    writeFileSync(path.join(stock, "a.ejs"), "two");
    const other = path.join(folder, "other.json");
    assert.equal((await writeTemplateArchive(other, { stock, excluded, previous: file, keep: new Set() })).texts, 1);
    assert.equal((await writeTemplateArchive(other, { stock, excluded, previous: file, keep: new Set([sha256("one")]) })).texts, 2);
  });

  test("is not replaced by one that has lost the earlier texts", async (t) => {
    const folder = tempFolder(t, { "stock/a.ejs": "one", "templates.json": '{"format":"something else"}' });
    const file = path.join(folder, "templates.json");
    await assert.rejects(writeTemplateArchive(file, { stock: path.join(folder, "stock") }), /is no archive of templates/);
    await assert.rejects(
      writeTemplateArchive(path.join(folder, "new.json"), { stock: path.join(folder, "stock"), previous: path.join(folder, "gone.json") }),
      { code: "ENOENT" },
    );
    assert.equal(existsSync(path.join(folder, "new.json")), false);
    assert.equal(await new TemplateArchive(file).content(sha256("one")), null);
  });

  test("of an empty folder is empty", async (t) => {
    const folder = tempFolder(t);
    mkdirSync(path.join(folder, "stock"));
    const { templates, texts } = await writeTemplateArchive(path.join(folder, "templates.json"), { stock: path.join(folder, "stock") });
    assert.deepEqual([templates, texts], [{}, 0]);
  });
});
