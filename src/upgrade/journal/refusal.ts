import { UpgateError } from "../../core/errors.js";
import type { CurrentMigration } from "./attempt.js";

export function refusal({ file }: CurrentMigration, why: string, sql: string): UpgateError {
  return new UpgateError(
    "ERR_UPGATE_STATEMENT_REFUSED",
    `${file.name} sent a statement that upgate refuses: ${why} (${sql.slice(0, 200)})`,
  );
}
