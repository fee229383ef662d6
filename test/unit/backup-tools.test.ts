import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { optionValue } from "../../src/backup/credentials.js";
import { withoutSandboxMode } from "../../src/backup/dump-restore.js";
import { readToolVersion, type Tool } from "../../src/backup/find-program.js";
import { differencesOf } from "../../src/backup/row-differences.js";
import { judgeTools, type ToolFacts } from "../../src/backup/tool-check.js";

describe("a program's version", () => {
  const table: [string, ReturnType<typeof readToolVersion>][] = [
    ["mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)", { flavor: "MariaDB", version: "10.11.19" }],
    ["mariadb-dump from 11.8.2-MariaDB, client 10.19 for debian-linux-gnu (x86_64)", { flavor: "MariaDB", version: "11.8.2" }],
    ["mysqldump  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", { flavor: "MySQL", version: "9.7.4" }],
    ["mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)", { flavor: "MySQL", version: "5.7.44" }],
    ["/opt/mysql  Ver 8.0.36 for Linux on x86_64", { flavor: "MySQL", version: "8.0.36" }],
    ["something else", { flavor: "MySQL", version: "0.0.0" }],
  ];
  for (const [text, expected] of table) test(text, () => assert.deepEqual(readToolVersion(text), expected));
});

const tool = (flavor: Tool["flavor"], version: string): Tool => ({ file: "/x", name: "dump", flavor, version });
const mariaDb: ToolFacts = {
  server: { flavor: "MariaDB", version: "10.11.19" },
  dumper: tool("MariaDB", "10.11.19"),
  client: tool("MariaDB", "10.11.19"),
  authentication: "mysql_native_password",
  generatedColumns: 1,
};
const mysql: ToolFacts = {
  ...mariaDb,
  server: { flavor: "MySQL", version: "8.4.1" },
  dumper: tool("MySQL", "9.0.1"),
  client: tool("MySQL", "9.0.1"),
  authentication: null,
};

describe("what is told of the programs", () => {
  const table: [string, ToolFacts, string, RegExp][] = [
    ["all fits", mariaDb, "ok", /^dump \(MariaDB 10\.11\.19\) for MariaDB 10\.11\.19\.$/],
    ["none", { ...mariaDb, dumper: null }, "danger", /No program/],
    ["no client", { ...mariaDb, client: null }, "danger", /no client/],
    ["older", { ...mariaDb, dumper: tool("MariaDB", "10.5.2") }, "warning", /older than the server/],
    ["MySQL's for MariaDB", { ...mariaDb, dumper: tool("MySQL", "8.0.36") }, "danger", /can't dump a MariaDB server/],
    ["MySQL 9, newer than the server", mysql, "ok", /MySQL 9/],
    ["MySQL 9, an old account", { ...mysql, authentication: "mysql_native_password" }, "danger", /can't log in/],
    ["MariaDB's for MySQL, generated columns", { ...mysql, dumper: tool("MariaDB", "10.11.19") }, "danger", /generated columns/],
    ["MariaDB's for MySQL", { ...mysql, dumper: tool("MariaDB", "10.11.19"), generatedColumns: 0 }, "warning", /another maker's/],
    ["MySQL's older one", { ...mysql, dumper: tool("MySQL", "5.7.44") }, "warning", /older/],
  ];
  for (const [name, facts, severity, message] of table)
    test(name, () => {
      const check = judgeTools(facts);
      assert.equal(check.severity, severity, check.message);
      assert.match(check.message, message);
      assert.equal(check.remedy === null, severity === "ok");
      if (check.remedy !== null)
        assert.match(check.remedy, new RegExp(`${facts.server.flavor.toLowerCase()}-client; or make a backup yourself`));
    });
});

describe("small parts of backups", () => {
  test("a value of a file of options is quoted", () => assert.equal(optionValue('a"\\#\n'), String.raw`"a\"\\#\n"`));
  test("the sandbox line is taken out of a header, and nothing else", () => {
    const header = Buffer.from("/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump\n/*!40101 SET NAMES utf8mb4 */;\n");
    assert.equal(withoutSandboxMode(header).toString(), " \n-- MariaDB dump\n/*!40101 SET NAMES utf8mb4 */;\n");
    assert.equal(withoutSandboxMode(Buffer.from("-- MySQL dump")).toString(), "-- MySQL dump");
  });
  test("differences of rows are told by name", () => {
    const told = [
      { name: "a", rows: 1 },
      { name: "b", rows: null },
      { name: "c", rows: 3 },
    ];
    const found = [
      { name: "a", rows: 2 },
      { name: "b", rows: 5 },
      { name: "d", rows: 1 },
    ];
    assert.deepEqual(differencesOf(told, found), ["a has 2 rows instead of 1", "c is missing", "d is not in the manifest"]);
    assert.deepEqual(differencesOf(told, told), []);
  });
});
