import { type Command, InvalidArgumentError } from "commander";
import { AUDIT_ROWS, type AuditEntry, readAudit } from "../../store/audit.js";
import { orAbsent } from "../../store/driver-errors.js";
import { orDatabaseError } from "../../upgrade/database-error.js";
import { columns, moment } from "../columns.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { type Session, verb, withSession } from "../verb.js";

const DEFAULT_LIMIT = 20;

export function auditCommand(): Command {
  return verb("audit", "list who did what in the wizard and on the command line, newest first", {
    examples: [
      ["upgate audit", `the last ${DEFAULT_LIMIT} entries`],
      ["upgate audit --limit 500", "more of them"],
      ["upgate audit --json | jq '.entries[] | select(.event == \"key-failed\")'", "wrong install keys"],
    ],
    exitCodes: [
      [EXIT.done, "listed, also when there is none"],
      [EXIT.error, "the options, the configuration file or the database can't be used"],
    ],
  })
    .option("-n, --limit <n>", "how many entries", parseLimit, DEFAULT_LIMIT)
    .action(withSession(audit));
}

async function audit({ context, terminal }: Session, { limit }: { readonly limit: number }): Promise<ExitCode> {
  const entries = await orDatabaseError(() => orAbsent(() => readAudit(context.store.knex, limit), []));
  const shown = entries.map(({ happenedAt, event, address, sessionId, detail }) => ({
    at: happenedAt,
    event,
    address,
    session: sessionId,
    detail,
  }));
  terminal.result({ entries: shown }, lines(entries, limit));
  return EXIT.done;
}

function lines(entries: readonly AuditEntry[], limit: number): string[] {
  if (entries.length === 0) return ["Nothing is recorded: nobody has used the wizard or changed anything yet."];
  const rows = entries.map(({ happenedAt, event, address, sessionId, detail }) => [
    moment(happenedAt),
    event,
    printable(address),
    // Enough to tell one session from another.
    sessionId === null ? "-" : sessionId.slice(0, 8),
    detail === null ? "" : printable(detail),
  ]);
  const cut = entries.length === limit ? [`(the newest ${limit}; --limit shows more)`] : [];
  return [...columns([["time (UTC)", "event", "who", "session", "detail"], ...rows]), ...cut];
}

/** No control characters for the terminal, whatever was recorded. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, " ");
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > AUDIT_ROWS)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${AUDIT_ROWS}.`);
  return limit;
}
