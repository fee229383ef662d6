import { UpgateError } from "../../core/errors.js";
import type { CurrentMigration } from "./attempt.js";

export function refusal({ file }: CurrentMigration, why: string, sql: string): UpgateError {
  return new UpgateError(
    "ERR_UPGATE_STATEMENT_REFUSED",
    `${file.name} sent a statement that upgate refuses: ${why} (${sql.slice(0, 200)})`,
  );
}

/** Carries an error of upgate's through knex, which writes the statement into the message of whatever passes. */
export class Shielded extends Error {
  readonly code: string;

  constructor(readonly original: UpgateError) {
    super(original.message, { cause: original });
    this.name = original.name;
    this.code = original.code;
  }
}
