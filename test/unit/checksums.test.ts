import assert from "node:assert/strict";
import { rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { Checksums } from "../../src/release/checksums.js";
import { listMigrations, migrationChecksum, migrationFolder } from "../../src/release/migrations.js";
import { migrationSource } from "../../src/release/migration-source.js";
import { tempFolder } from "./support/temp-folder.js";

describe("the checksums of a folder", () => {
  test("are those of the files, in their order; a file that is gone has none", async (t) => {
    const folder = tempFolder(t, { "1.0.0/0001-a.mjs": "one", "1.0.0/0002-b.mjs": "two" });
    const { files } = listMigrations(folder, "1.0.0");
    const set = migrationFolder(folder, "1.0.0");
    const second = path.join(folder, "1.0.0/0002-b.mjs");
    const checksums = new Checksums();
    assert.deepEqual((await checksums.read(set, files))[1], {
      name: "1.0.0/0002-b",
      version: "1.0.0",
      sha256: await migrationChecksum(second),
    });
    rmSync(second);
    assert.deepEqual(
      (await checksums.read(set, files)).map(({ name, sha256 }) => [name, sha256 === null]),
      [
        ["1.0.0/0001-a", false],
        ["1.0.0/0002-b", true],
      ],
    );
  });

  test("are read again when time or size changed, and only then", async (t) => {
    const folder = tempFolder(t, { "1.0.0/0001-a.mjs": "one" });
    const { files } = listMigrations(folder, "1.0.0");
    const set = migrationFolder(folder, "1.0.0");
    const file = path.join(folder, "1.0.0/0001-a.mjs");
    const checksums = new Checksums();
    const sum = async (): Promise<string | null | undefined> => (await checksums.read(set, files))[0]?.sha256;
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    const first = await sum();
    writeFileSync(file, "two");
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    assert.equal(await sum(), first);
    utimesSync(file, 1_700_000_000, 1_700_000_005);
    assert.equal(await sum(), await migrationChecksum(file));
    writeFileSync(file, "three");
    assert.equal(await sum(), await migrationChecksum(file));
  });

  test("of a source are asked for once: it is code of this process", async () => {
    let asked = 0;
    const file = { name: "0001-a", version: "1.0.0", path: null };
    const set = migrationSource(
      {
        getMigrations: async () => [file.name],
        getMigrationName: String,
        getMigration: async () => ({ up: async () => 1, down: async () => 0 }),
      },
      "1.0.0",
    );
    const counting = { ...set, checksum: (one: typeof file) => (asked++, set.checksum(one)) };
    const checksums = new Checksums();
    const first = await checksums.read(counting, [file]);
    assert.match(first[0]?.sha256 ?? "", /^[0-9a-f]{64}$/);
    assert.deepEqual(await checksums.read(counting, [file]), first);
    assert.equal(asked, 1);
  });
});
