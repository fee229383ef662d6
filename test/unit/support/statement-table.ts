import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { classifyStatement, type SqlDialect } from "../../../src/core/statement.js";
import { statementLine } from "./statement-line.js";

/** Statements by what they must be read as, in one line. */
type Cases = Readonly<Record<string, readonly string[]>>;

/** A test for each statement. */
export function table(name: string, dialect: SqlDialect, cases: Cases): void {
  describe(name, () => {
    for (const [expected, statements] of Object.entries(cases))
      for (const sql of statements)
        test(`${sql.replaceAll(/\s+/g, " ").slice(0, 100)}: ${expected}`, () =>
          assert.equal(statementLine(classifyStatement(sql, dialect)), expected));
  });
}
