import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, renameSync, symlinkSync, utimesSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { filesProblem } from "../../src/core/release-files.js";
import { compareWithManifest } from "../../src/release/integrity.js";
import { signed } from "../../src/release/signature.js";
import { vendorKeys } from "../support/vendor-keys.js";
import { compared, type Files, foundIn, sealedFolder, type SealedFolder, uploadOver } from "./support/sealed-folder.js";
import { tempFolder } from "./support/temp-folder.js";

const FILES: Files = {
  "server.js": "start();",
  "lib/a.js": "a();\n",
  "lib/b.js": "b();\n",
  "public/logo.bin": new Uint8Array([0, 255, 13, 10]),
};

describe("a sealed release", () => {
  test("is found as it was sealed", async (t) => {
    const { comparison } = await compared(sealedFolder(t, FILES).folder);
    assert.deepEqual(foundIn(comparison), {});
    assert.deepEqual([comparison.version, comparison.listed, comparison.signature], ["8.6.1", 4, "unasked"]);
    assert.equal(filesProblem(comparison), null);
  });

  const tamperings: [what: string, tamper: (release: SealedFolder, outside: string) => void, found: object, says: RegExp][] = [
    ["a file is deleted", ({ remove }) => remove("lib/a.js"), { missing: ["lib/a.js"] }, /of release 8\.6\.1 are missing: lib\/a\.js\./],
    ["a folder is deleted", ({ remove }) => remove("lib"), { missing: ["lib/a.js", "lib/b.js"] }, /lib\/a\.js, lib\/b\.js/],
    [
      "a byte is altered",
      ({ write }) => write("lib/a.js", "a()!\n"),
      { altered: ["lib/a.js"] },
      /not as release 8\.6\.1 has them: lib\/a\.js/,
    ],
    ["a byte is added", ({ write }) => write("server.js", "start(); "), { altered: ["server.js"] }, /server\.js/],
    ["a file is empty", ({ write }) => write("server.js", ""), { altered: ["server.js"] }, /server\.js/],
    ["it was uploaded in text mode", ({ write }) => write("lib/a.js", "a();\r\n"), { lineEnds: ["lib/a.js"] }, /line ends .* lib\/a\.js/],
    [
      "a picture was uploaded in text mode",
      ({ write }) => write("public/logo.bin", new Uint8Array([0, 255, 10])),
      { lineEnds: ["public/logo.bin"] },
      /binary mode/,
    ],
    [
      "a file is a link that leads out of the folder",
      ({ folder, remove }, outside) => {
        remove("lib/a.js");
        symlinkSync(path.join(outside, "a.js"), path.join(folder, "lib/a.js"));
      },
      { strange: ["lib/a.js"] },
      /links that lead elsewhere, or no files: lib\/a\.js/,
    ],
    [
      "a folder is a link that leads out of the folder",
      ({ folder, remove }, outside) => {
        remove("lib");
        symlinkSync(outside, path.join(folder, "lib"));
      },
      { strange: ["lib/a.js", "lib/b.js"] },
      /lead elsewhere/,
    ],
    [
      "a link leads to nothing",
      ({ folder, remove }) => {
        remove("server.js");
        symlinkSync("nowhere.js", path.join(folder, "server.js"));
      },
      { missing: ["server.js"] },
      /missing: server\.js/,
    ],
    [
      "a folder lies in a file's place",
      ({ remove, write }) => {
        remove("server.js");
        write("server.js/x", "");
      },
      { strange: ["server.js"] },
      /server\.js/,
    ],
    [
      "a file lies in a folder's place",
      ({ remove, write }) => {
        remove("lib");
        write("lib", "");
      },
      { missing: ["lib/a.js", "lib/b.js"] },
      /missing/,
    ],
    [
      "a pipe that nobody writes to",
      ({ folder, remove }) => {
        remove("server.js");
        execFileSync("mkfifo", [path.join(folder, "server.js")]);
      },
      { strange: ["server.js"] },
      /server\.js/,
    ],
  ];
  for (const [what, tamper, found, says] of tamperings)
    test(`${what}: it is named`, async (t) => {
      const release = sealedFolder(t, FILES);
      tamper(release, tempFolder(t, { "a.js": "a();\n", "b.js": "b();\n" }));
      const { comparison } = await compared(release.folder);
      assert.deepEqual(foundIn(comparison), found);
      const { reason, remedy } = filesProblem(comparison) ?? { reason: "", remedy: "" };
      assert.match(`${reason} ${remedy}`, says);
    });

  test("a link within the folder counts as what it leads to", async (t) => {
    const { folder, remove, write } = sealedFolder(t, FILES);
    remove("lib/a.js");
    write("shared/a.js", "a();\n");
    symlinkSync("../shared/a.js", path.join(folder, "lib/a.js"));
    assert.deepEqual(foundIn((await compared(folder)).comparison), {});
  });

  test("lies in a folder that is a link itself, as deployment tools have it", async (t) => {
    const { folder } = sealedFolder(t, FILES);
    const current = path.join(tempFolder(t), "current");
    symlinkSync(folder, current);
    assert.deepEqual(foundIn((await compared(current)).comparison), {});
  });

  test("an account that may not read a file is told so", { skip: process.getuid?.() === 0 && "root may read everything" }, async (t) => {
    const { folder } = sealedFolder(t, FILES);
    chmodSync(path.join(folder, "lib/a.js"), 0);
    const { comparison } = await compared(folder);
    assert.deepEqual(foundIn(comparison), { unreadable: ["lib/a.js"] });
    assert.match(filesProblem(comparison)?.remedy ?? "", /the right to read them/);
  });

  for (const named of ["../outside.js", "/etc/passwd", "lib/../../x", "lib//x", "./x", "C:x", "a\\b", "lib/.."])
    test(`a manifest that names ${named} is refused`, async (t) => {
      const { folder, rewrite } = sealedFolder(t, FILES);
      rewrite({ files: { [named]: "0".repeat(64) } });
      const answer = await compareWithManifest({ manifest: `${folder}/release.json`, publicKeys: [], known: null });
      assert.deepEqual([answer.kind, /files must be/.test(answer.kind === "invalid" ? answer.problem : "")], ["invalid", true]);
    });

  test("five of many are named, fifty listed, all counted", async (t) => {
    const many = Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`m/${String(index).padStart(4, "0")}.js`, `${index}`]));
    const release = sealedFolder(t, many);
    release.remove("m");
    const { comparison } = await compared(release.folder);
    assert.deepEqual([comparison.missing.count, comparison.missing.paths.length], [1500, 50]);
    assert.deepEqual(comparison.missing.paths.slice(0, 2), ["m/0000.js", "m/0001.js"]);
    assert.match(filesProblem(comparison)?.reason ?? "", /m\/0000\.js, m\/0001\.js, m\/0002\.js, m\/0003\.js, m\/0004\.js, … \(1500\)/);
  });

  test("what was compared is not read again while its stamps are the same, and is when they are not", async (t) => {
    const { folder, write } = sealedFolder(t, FILES);
    const first = await compared(folder);
    const again = await compared(folder, { known: first.known });
    assert.deepEqual(foundIn(again.comparison), {});
    assert.equal(again.known.stamps.byteLength, first.known.stamps.byteLength);
    const before = { at: new Date("2026-01-01") };
    write("lib/a.js", "A();\n");
    // The same size, and a time that says nothing: the change itself is stamped by the system.
    utimesSync(path.join(folder, "lib/a.js"), before.at, before.at);
    const changed = await compared(folder, { known: again.known });
    assert.deepEqual(foundIn(changed.comparison), { altered: ["lib/a.js"] });
    write("lib/a.js", "a();\n");
    assert.deepEqual(foundIn((await compared(folder, { known: changed.known })).comparison), {});
  });

  test("large files are read in parts", async (t) => {
    const large = new Uint8Array(5 * 1024 * 1024 + 7).fill(7);
    const { folder, write } = sealedFolder(t, { "large.bin": large, "exact.bin": new Uint8Array(1024 * 1024) });
    assert.deepEqual(foundIn((await compared(folder)).comparison), {});
    large[4_000_000] = 8;
    write("large.bin", large);
    assert.deepEqual(foundIn((await compared(folder)).comparison), { altered: ["large.bin"] });
  });

  test("a comparison can be ended", async (t) => {
    const { folder } = sealedFolder(t, FILES);
    const answer = await compareWithManifest({ manifest: `${folder}/release.json`, publicKeys: [], known: null }, AbortSignal.abort());
    assert.equal(answer.kind, "failed");
  });
});

describe("files of two releases", () => {
  const OLD: Files = { "server.js": "old", "lib/a.js": "old", "lib/same.js": "same", "lib/gone.js": "gone" };
  const NEW: Files = { "server.js": "new", "lib/a.js": "new", "lib/same.js": "same", "lib/added.js": "added" };

  test("what was not uploaded is told to be the old release's", async (t) => {
    const old = sealedFolder(t, OLD, { version: "8.6.0" });
    const release = sealedFolder(t, NEW, { previous: [old.manifest] });
    release.write("lib/a.js", "old");
    const { comparison } = await compared(release.folder);
    assert.deepEqual(foundIn(comparison), { stale: ["8.6.0", "lib/a.js"] });
    assert.match(filesProblem(comparison)?.reason ?? "", /still those of release 8\.6\.0: lib\/a\.js/);
  });

  test("what an upload has left there is told, and alone is no obstacle", async (t) => {
    const old = sealedFolder(t, OLD, { version: "8.6.0" });
    const release = sealedFolder(t, NEW, { previous: [old.manifest] });
    uploadOver(release.folder, old.folder);
    const { comparison } = await compared(old.folder);
    assert.deepEqual(foundIn(comparison), { leftOver: ["lib/gone.js"] });
    assert.equal(filesProblem(comparison), null);
  });

  test("a file of the operator's in the place of an old one is the operator's", async (t) => {
    const old = sealedFolder(t, OLD, { version: "8.6.0" });
    const release = sealedFolder(t, { ...NEW }, { previous: [old.manifest] });
    release.write("lib/gone.js", "my own");
    assert.deepEqual(foundIn((await compared(release.folder)).comparison), {});
  });

  test("of several earlier releases the one is named that explains most", async (t) => {
    const first = sealedFolder(t, { a: "1", b: "1", c: "1", d: "1", e: "1" }, { version: "8.4.0" });
    const second = sealedFolder(t, { a: "2", b: "1", c: "1", d: "2", e: "2" }, { version: "8.5.0", previous: [first.manifest] });
    const release = sealedFolder(t, { a: "3", b: "3", c: "3", d: "3", e: "3" }, { previous: [second.manifest] });
    for (const [file, content] of Object.entries({ a: "1", b: "1", c: "1", d: "2", e: "1" })) release.write(file, content);
    assert.deepEqual(foundIn((await compared(release.folder)).comparison), { stale: ["8.4.0", "a", "b", "c", "e"], altered: ["d"] });
  });

  test("a release that is moved as a whole is known by its own manifest", async (t) => {
    const old = sealedFolder(t, OLD, { version: "8.6.0" });
    const moved = path.join(tempFolder(t), "moved");
    renameSync(old.folder, moved);
    assert.deepEqual(foundIn((await compared(moved)).comparison), {});
    renameSync(moved, old.folder);
  });
});

describe("the signature", () => {
  const ours = vendorKeys();
  const others = vendorKeys();
  const rows: [what: string, change: (release: SealedFolder) => object, finding: string, says: RegExp | null][] = [
    ["of the vendor's key", ({ manifest }) => signed(manifest, ours.privateKey), "valid", null],
    ["that is not there", () => ({}), "unsigned", /is not signed/],
    ["of another key", ({ manifest }) => signed(manifest, others.privateKey), "untrusted", /does not know/],
    [
      "that was swapped for another one's value",
      ({ manifest }) => {
        const { signature } = signed(manifest, ours.privateKey);
        return { signature: { ...signature, value: signed(manifest, others.privateKey).signature.value } };
      },
      "broken",
      /changed after it had been signed/,
    ],
    ["of another content", ({ manifest }) => ({ ...signed(manifest, ours.privateKey), upgradeFrom: "*" }), "broken", /does not fit/],
  ];
  for (const [what, change, finding, says] of rows)
    test(`${what}: ${finding}`, async (t) => {
      const release = sealedFolder(t, FILES);
      release.rewrite(change(release));
      const { comparison } = await compared(release.folder, { publicKeys: [ours.publicKey] });
      assert.equal(comparison.signature, finding);
      const problem = filesProblem(comparison);
      if (says) assert.match(problem?.reason ?? "", says);
      else assert.equal(problem, null);
    });
});
