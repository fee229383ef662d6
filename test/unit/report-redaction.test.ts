import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withoutRowValues, withoutSecrets } from "../../src/core/report-redaction.js";

describe("a database's message in a report", () => {
  const table: [message: string, shown: string][] = [
    ["Duplicate entry 'ann@example.com' for key 'users.email'", "Duplicate entry '…' for key 'users.email'"],
    ["Duplicate entry 'it's for key 'a'' for key 'PRIMARY'", "Duplicate entry '…' for key 'PRIMARY'"],
    ["Incorrect integer value: 'ann' for column 'age' at row 1", "Incorrect integer value: '…' for column 'age' at row 1"],
    [
      "Incorrect integer value: 'ann' for column `shop`.`users`.`age` at row 1",
      "Incorrect integer value: '…' for column `shop`.`users`.`age` at row 1",
    ],
    ["Truncated incorrect DOUBLE value: 'ann'", "Truncated incorrect DOUBLE value: '…'"],
    ["It failed: bad values. (Incorrect datetime value: '31.2.2026')", "It failed: bad values. (Incorrect datetime value: '…')"],
    ["Invalid utf8mb4 character string: 'caf\\xE9'", "Invalid utf8mb4 character string: '…'"],
    ["Unknown column 'users.mail' in 'where clause'", "Unknown column 'users.mail' in 'where clause'"],
    ["Table 'shop.users' doesn't exist", "Table 'shop.users' doesn't exist"],
    [
      "You have an error in your SQL syntax; check the manual for the right syntax to use near ''ann' wher' at line 1",
      "You have an error in your SQL syntax; check the manual for the right syntax to use near '…' at line 1",
    ],
    [
      "insert into `users` (`mail`) values ('ann@example.com') - UNIQUE constraint failed: users.mail",
      "… - UNIQUE constraint failed: users.mail",
    ],
    [
      "I gave up: update `users` set `mail` = 'ann - b' where `id` = 7 - NOT NULL constraint failed",
      "I gave up: … - NOT NULL constraint failed",
    ],
  ];
  for (const [message, shown] of table) test(message, () => assert.equal(withoutRowValues(message), shown));
});

test("a report loses credentials and values wherever they stand, and nothing else", () => {
  const report = {
    version: "1.1.0",
    count: 3,
    none: null,
    deep: [{ message: "can't reach mysql://app:hunter22@db.example/shop", note: "the password is correct horse" }],
    run: { error: { statement: "update t set a = 'row data'", message: "Duplicate entry 'row data' for key 'a'" } },
    statements: [
      { kind: "write", statement: "insert into t values ('row data')" },
      { kind: "step", statement: "send the 3 letters" },
    ],
  };
  assert.deepEqual(withoutSecrets(report, { dialect: "mysql", secrets: ["correct horse", "1.1"] }), {
    version: "1.1.0",
    count: 3,
    none: null,
    deep: [{ message: "can't reach mysql://…@db.example/shop", note: "the password is …" }],
    run: { error: { statement: "update t set a = ?", message: "Duplicate entry '…' for key 'a'" } },
    statements: [
      { kind: "write", statement: "insert into t values (?)" },
      { kind: "step", statement: "send the 3 letters" },
    ],
  });
});
