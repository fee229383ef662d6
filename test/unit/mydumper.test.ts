import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type MydumperFacts, readMydumperVersion } from "../../src/backup/mydumper-facts.js";
import { mydumperRefusal } from "../../src/backup/mydumper-limits.js";
import { MydumperLog } from "../../src/backup/mydumper-log.js";
import { chunkRowsFor } from "../../src/backup/mydumper-plan.js";
import { ProgressTeller } from "../../src/backup/progress.js";
import type { UpgateError } from "../../src/core/errors.js";

const FINE: MydumperFacts = {
  program: { file: "/usr/bin/mydumper", version: "0.10.0", flavor: "MariaDB" },
  database: "shop",
  tables: ["orders", "täble 雪", "a.b"],
  columns: [],
  mayLock: true,
};

describe("whether mydumper reads a database as it is", () => {
  const column = (name: string, extra: string): Partial<MydumperFacts> => ({ columns: [{ table: "orders", column: name, extra }] });
  const cases: [string, Partial<MydumperFacts>, RegExp | null][] = [
    ["a usual one", {}, null],
    ["an account whose roles may have the right", { mayLock: null }, null],
    ["without the program", { program: null }, /not installed.*Install the package mydumper/],
    ["a release that nobody has tried", { program: { file: "", version: "0.16.1", flavor: "MySQL" } }, /0\.16\.1 .* 0\.10 only/],
    ["an account without RELOAD", { mayLock: false }, /lacks the right.*RELOAD/],
    ["a table with a backtick", { tables: ["odd `name"] }, /table of the name "odd `name"/],
    ["a table with a slash", { tables: ["a/b"] }, /"a\/b"/],
    ["a table with a quote", { tables: ["o'q"] }, /"o'q"/],
    ["a table whose file would have too long a name", { tables: ["雪".repeat(80)] }, /table of the name/],
    ["a database with a backtick", { database: "a`b" }, /database of the name "a`b"/],
    ["a column with a backtick", column("a`b", ""), /column of the name "a`b", which the table orders has/],
    ["an invisible column", column("secret", "INVISIBLE"), /invisible columns.* orders has one, secret/],
    ["a default that MySQL calls generated", column("made_at", "DEFAULT_GENERATED"), /leaves it out: made_at of the table orders/],
  ];
  for (const [name, facts, refusal] of cases)
    it(name, () => {
      const found = mydumperRefusal({ ...FINE, ...facts });
      if (refusal === null) assert.equal(found, null);
      else assert.match(`${found?.message} ${found?.remedy}`, refusal);
    });
});

describe("mydumper's version", () => {
  const cases: [string, string, string][] = [
    ["mydumper 0.10.0, built against MySQL 10.11.14", "0.10.0", "MariaDB"],
    ["mydumper 0.10.5, built against MySQL 5.7.34", "0.10.5", "MySQL"],
    ["mydumper v0.16.1-3, built against MariaDB 11.4.2 with SSL support", "0.16.1", "MariaDB"],
    ["nothing known", "0.0.0", "MySQL"],
  ];
  for (const [text, version, flavor] of cases) it(text, () => assert.deepEqual(readMydumperVersion(text), { version, flavor }));
});

describe("the rows in one of mydumper's files", () => {
  const MB = 1024 * 1024;
  const cases: [string, Parameters<typeof chunkRowsFor>[0], number][] = [
    ["are not less than a thousand", [{ name: "pictures", bytes: 1000 * MB, rows: 100 }], 1000],
    ["come to 64 MiB of the largest table", [{ name: "posts", bytes: 6400 * MB, rows: 1_000_000 }], 10_000],
    [
      "divide no table into more than a thousand files",
      [
        { name: "pictures", bytes: 9000 * MB, rows: 9000 },
        { name: "log", bytes: 1000 * MB, rows: 50_000_000 },
      ],
      50_000,
    ],
    ["are some where there is nothing", [], 1000],
  ];
  for (const [name, tables, rows] of cases) it(name, () => assert.equal(chunkRowsFor(tables), rows));
});

describe("what mydumper says", () => {
  const sizes = { bytesOf: () => 1000, chunkBytesOf: () => 400 };
  const log = () => {
    const told: [number, string | null][] = [];
    const errors: UpgateError[] = [];
    const progress = new ProgressTeller({ onProgress: () => undefined }, null);
    progress.advance = (bytes, table) => void told.push([bytes, table]);
    return { told, errors, log: new MydumperLog(sizes, progress, (error) => void errors.push(error)) };
  };
  const message = (text: string): string => `** Message: 17:35:40.471: ${text}`;

  it("tells how far it is: a range counts when its thread goes on to the next", () => {
    const { told, log: reader } = log();
    const ranges = ["`id` IS NULL OR (`id` >= 1 AND `id` < 5)", "(`id` >= 5 AND `id` < 9)", "(`id` >= 9 AND `id` < 13)"];
    for (const range of ranges) assert.equal(reader.read(message(`Thread 1 dumping data for \`shop\`.\`a.b\` where ${range}`)), "");
    reader.read(message("Thread 1 dumping data for `shop`.`other`"));
    reader.read(message("Thread 1 shutting down"));
    assert.deepEqual(told, [
      [0, "a.b"],
      [400, "a.b"],
      [400, "a.b"],
      [200, "other"],
      [1000, null],
    ]);
  });

  it("keeps its complaints, and nothing else", () => {
    const { log: reader } = log();
    const complaint = "** (mydumper:7): CRITICAL **: 17:39:30.170: Error dumping table (shop.x) data: Server has gone away";
    assert.equal(reader.read(complaint), "Error dumping table (shop.x) data: Server has gone away\n");
    assert.equal(reader.read("** (mydumper:7): WARNING **: 17:39:30.170: Using trx_consistency_only, binlog coordinates"), "");
    assert.equal(reader.read(""), "");
  });

  it("never goes on without its lock", () => {
    const { errors, log: reader } = log();
    const refused = "** (mydumper:7): CRITICAL **: 17:39:10.751: Couldn't acquire global lock, snapshots will not be consistent: ";
    reader.read(`${refused}Access denied; you need (at least one of) the RELOAD privilege(s) for this operation`);
    reader.read(`${refused}Lock wait timeout exceeded; try restarting transaction`);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ["ERR_UPGATE_BACKUP_TOOL", "ERR_UPGATE_BACKUP_FAILED"],
    );
  });
});
