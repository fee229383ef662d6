import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ChecksummedFile } from "../../src/release/checksums.js";
import { checkMigrations, migrationFilesCheck } from "../../src/upgrade/migration-checks.js";

const SUM = "a".repeat(64);
const OTHER = "b".repeat(64);

function file(name: string, sha256: string | null = SUM): ChecksummedFile {
  return { name, version: name.split("/")[0] as string, sha256 };
}

function entry(name: string, { sha256 = SUM, finished = true } = {}): Parameters<typeof checkMigrations>[1][number] {
  return { name, version: name.split("/")[0] as string, sha256, finishedAt: finished ? "2026-11-01T10:00:00.000Z" : null };
}

interface Row {
  readonly name: string;
  readonly files: readonly ChecksummedFile[];
  readonly history: Parameters<typeof checkMigrations>[1];
  readonly prunedBefore?: string;
  /** `kind name` of each warning. */
  readonly warns: readonly string[];
}

const TABLE: readonly Row[] = [
  { name: "nothing was installed yet", files: [file("1.0.0/0001-a")], history: [], warns: [] },
  { name: "files and history agree", files: [file("1.0.0/0001-a")], history: [entry("1.0.0/0001-a")], warns: [] },
  {
    name: "later files are pending",
    files: [file("1.0.0/0001-a"), file("1.1.0/0001-b")],
    history: [entry("1.0.0/0001-a")],
    warns: [],
  },
  {
    name: "an applied file was edited",
    files: [file("1.0.0/0001-a", OTHER)],
    history: [entry("1.0.0/0001-a")],
    warns: ["edited 1.0.0/0001-a"],
  },
  {
    name: "a file that failed may be corrected",
    files: [file("1.0.0/0001-a", OTHER)],
    history: [entry("1.0.0/0001-a", { finished: false })],
    warns: [],
  },
  {
    name: "a history that was taken over holds no checksum",
    files: [file("1.0.0/0001-a")],
    history: [entry("1.0.0/0001-a", { sha256: "" })],
    warns: [],
  },
  { name: "a file can't be read now", files: [file("1.0.0/0001-a", null)], history: [entry("1.0.0/0001-a")], warns: [] },
  { name: "an applied file is gone", files: [], history: [entry("1.0.0/0001-a")], warns: ["missing 1.0.0/0001-a"] },
  { name: "a file that was never finished is gone", files: [], history: [entry("1.0.0/0001-a", { finished: false })], warns: [] },
  {
    name: "files below prunedBefore were dropped on purpose, the release itself was not",
    files: [],
    history: [entry("0.9.0/0001-a"), entry("1.0.0-rc.1/0001-b"), entry("1.0.0/0001-c")],
    prunedBefore: "1.0.0",
    warns: ["missing 1.0.0/0001-c"],
  },
  {
    name: "a file below prunedBefore that is there and edited is told",
    files: [file("0.9.0/0001-a", OTHER)],
    history: [entry("0.9.0/0001-a")],
    prunedBefore: "1.0.0",
    warns: ["edited 0.9.0/0001-a"],
  },
  {
    name: "an older release's file came later",
    files: [file("1.0.0/0002-late"), file("1.1.0/0001-b")],
    history: [entry("1.1.0/0001-b")],
    warns: ["out-of-order 1.0.0/0002-late"],
  },
  {
    name: "another file of the newest release is simply pending",
    files: [file("1.1.0/0001-a"), file("1.1.0/0002-b")],
    history: [entry("1.1.0/0002-b")],
    warns: [],
  },
  {
    name: "a file below prunedBefore is not pending, so that it comes not too late either",
    files: [file("0.9.0/0001-a"), file("1.1.0/0001-b")],
    history: [entry("1.1.0/0001-b")],
    prunedBefore: "1.0.0",
    warns: [],
  },
  {
    name: "releases are compared as versions, not as texts",
    files: [file("1.10.0/0001-b"), file("1.9.0/0001-a")],
    history: [entry("1.9.0/0001-a")],
    warns: [],
  },
  {
    name: "a history with a version that is none is read all the same",
    files: [file("1.0.0/0001-a")],
    history: [{ ...entry("old/0001-x"), version: "old" }, entry("1.0.0/0001-a")],
    prunedBefore: "1.0.0",
    warns: ["missing old/0001-x"],
  },
  {
    name: "everything at once, by kind",
    files: [file("1.0.0/0002-late"), file("1.1.0/0001-b", OTHER)],
    history: [entry("1.0.0/0001-a"), entry("1.1.0/0001-b")],
    warns: ["edited 1.1.0/0001-b", "missing 1.0.0/0001-a", "out-of-order 1.0.0/0002-late"],
  },
];

describe("files and history", () => {
  for (const { name, files, history, prunedBefore, warns } of TABLE)
    test(name, () =>
      assert.deepEqual(
        checkMigrations(files, history, prunedBefore).map((warning) => `${warning.kind} ${warning.name}`),
        warns,
      ),
    );
});

describe("the check", () => {
  test("is fine without warnings, and names each one", () => {
    assert.deepEqual(migrationFilesCheck(1, []), {
      id: "migration-files",
      title: "Migration files",
      severity: "ok",
      message: "1 file; those applied are unchanged.",
      remedy: null,
    });
    const { severity, message, remedy } = migrationFilesCheck(2, checkMigrations([file("1.0.0/0001-a", OTHER)], [entry("1.0.0/0001-a")]));
    assert.equal(severity, "warning");
    assert.equal(message, "2 files; 1.0.0/0001-a was edited after it had been applied.");
    assert.match(remedy ?? "", /Upload the release's files again/);
  });

  test("names ten and counts the rest", () => {
    const history = Array.from({ length: 13 }, (_, index) => entry(`1.0.0/${index}`));
    const { message } = migrationFilesCheck(0, checkMigrations([], history));
    assert.match(message, /1\.0\.0\/9 was applied, but its file is gone; and 3 more\.$/);
  });
});
