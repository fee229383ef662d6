import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { missingPrivileges } from "../../src/upgrade/privileges.js";

const ALL = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP"];
const EXTRA = ["INDEX", "REFERENCES"];
const WANTED = [...ALL, ...EXTRA].join(", ");

/** The database is `my_shop`. */
const TABLE: readonly [name: string, grants: readonly string[], missing: readonly string[]][] = [
  ["nothing but USAGE", ["GRANT USAGE ON *.* TO `app`@`%`"], [...ALL, ...EXTRA]],
  ["all on everything", ["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"], []],
  ["all on the database", ["GRANT USAGE ON *.* TO `app`@`%`", "GRANT ALL PRIVILEGES ON `my_shop`.* TO `app`@`%`"], []],
  ["MariaDB's form, with its password hash", [`GRANT ${WANTED} ON \`my_shop\`.* TO 'app'@'%' IDENTIFIED BY PASSWORD '*AB'`], []],
  ["MySQL 8's long list", [`GRANT ${WANTED}, CREATE TEMPORARY TABLES, LOCK TABLES ON *.* TO \`app\`@\`%\``], []],
  ["rows only", ["GRANT SELECT, INSERT, UPDATE, DELETE ON `my_shop`.* TO `app`@`%`"], ["CREATE", "ALTER", "DROP", ...EXTRA]],
  [
    "rows everywhere, tables here",
    ["GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO a@b", "GRANT CREATE, ALTER, DROP ON `my_shop`.* TO a@b"],
    EXTRA,
  ],
  ["another database", ["GRANT ALL PRIVILEGES ON `shop`.* TO `app`@`%`"], [...ALL, ...EXTRA]],
  ["one table", ["GRANT ALL PRIVILEGES ON `my_shop`.`products` TO `app`@`%`"], [...ALL, ...EXTRA]],
  ["an escaped underscore", ["GRANT ALL PRIVILEGES ON `my\\_shop`.* TO `app`@`%`"], []],
  ["an underscore as a pattern", ["GRANT ALL PRIVILEGES ON `my_sho_`.* TO `app`@`%`"], []],
  ["a prefix as a pattern", ["GRANT ALL PRIVILEGES ON `my\\_%`.* TO `app`@`%`"], []],
  ["a pattern that does not fit", ["GRANT ALL PRIVILEGES ON `my-%`.* TO `app`@`%`"], [...ALL, ...EXTRA]],
  ["a partial revoke", ["GRANT ALL PRIVILEGES ON *.* TO a@b", "REVOKE DROP ON `my_shop`.* FROM a@b"], ["DROP"]],
  ["a role, not followed here", ["GRANT `admins`@`%` TO `app`@`%`"], [...ALL, ...EXTRA]],
  ["ANSI quotes", ['GRANT ALL PRIVILEGES ON "my_shop".* TO "app"@"%"'], []],
];

describe("what the account lacks", () => {
  for (const [name, grants, missing] of TABLE)
    test(name, () => {
      const { needed, oftenNeeded } = missingPrivileges(grants, "my_shop");
      assert.deepEqual([...needed, ...oftenNeeded], missing);
    });

  test("a name with signs of regular expressions is taken as it is", () => {
    assert.deepEqual(missingPrivileges(["GRANT ALL PRIVILEGES ON `a.b(c)+`.* TO a@b"], "a.b(c)+").needed, []);
    assert.notDeepEqual(missingPrivileges(["GRANT ALL PRIVILEGES ON `a.b`.* TO a@b"], "axb").needed, []);
  });
});
