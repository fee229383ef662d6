import { setTimeout as pause } from "node:timers/promises";
import { UpgateError } from "../../core/errors.js";
import type { Attempt, CurrentMigration } from "./attempt.js";
import { errorOf } from "./answers.js";
import type { Fingerprint, RowsDigest } from "./fingerprints.js";
import type { QueryObject } from "./journaled-client.js";
import { digestOf, type RecordedStatement } from "./recording.js";

/** How long a statement waits for the recorded ones before it, where several are sent at once and have changed places. ms. */
const PARK_MS = 250;
const PARK_STEP_MS = 10;
const SHOWN_CHARACTERS = 300;

/**
 * What the journal holds of the statement that a migration sends again; null: it is to be sent. Throws
 * `ERR_UPGATE_DIVERGED` when the migration has left the recorded path: nothing is executed then.
 */
export async function recordedFor(
  attempt: Attempt,
  { recording, file }: CurrentMigration,
  query: QueryObject,
  { text, values }: Fingerprint,
): Promise<RecordedStatement | null> {
  for (let waitedMs = 0; ; waitedMs += PARK_STEP_MS) {
    const recorded = recording.take(text, values);
    if (recorded) return recorded;
    if (!recording.isAhead) return null;
    if (waitedMs >= PARK_MS)
      throw attempt.break(
        recording.has(text) ? otherValues(file.name, query.sql) : divergence(file.name, recording.missing?.statement ?? "", query.sql),
      );
    await pause(PARK_STEP_MS);
    attempt.assertUsable();
  }
}

/** The migration gets what the statement came to the first time. */
export function replay({ outcome }: RecordedStatement, query: QueryObject): QueryObject {
  if (outcome?.kind === "refused") throw errorOf(outcome.error);
  query.response = outcome?.response;
  if (outcome?.context !== undefined) query.context = outcome.context;
  return query;
}

/** A read too large to be kept was sent again. Throws `ERR_UPGATE_DIVERGED` when it no longer gives what it gave. */
export function assertSameRows(attempt: Attempt, { entry }: RecordedStatement, digest: RowsDigest, migration: string): void {
  const then = digestOf(entry);
  if (then === null || digest.result.digest === then.digest) return;
  const what = `${migration} was interrupted, and on its second run a query gives other rows than on the first: ${shown(entry.statement ?? "")}`;
  const remedy =
    "Restore the backup and start again; the vendor reads so many rows in parts, or keeps what follows from them with ctx.step.";
  throw attempt.break(new UpgateError("ERR_UPGATE_DIVERGED", what, { remedy }));
}

function otherValues(migration: string, sql: string): UpgateError {
  const what = `${migration} was interrupted, and on its second run a statement that was carried out already would carry other values: ${shown(sql)}`;
  const remedy = "Restore the backup and start again; the vendor takes values made by chance from ctx.step, which gives the same again.";
  return new UpgateError("ERR_UPGATE_DIVERGED", what, { remedy });
}

/** `now`: empty when the migration ended instead. */
export function divergence(migration: string, then: string, now: string): UpgateError {
  const went = now === "" ? "it ended without it" : `it sent: ${shown(now)}`;
  return new UpgateError(
    "ERR_UPGATE_DIVERGED",
    `${migration} was interrupted, and on its second run it takes another path than the first time. Carried out was: ${shown(then)} — now ${went}`,
  );
}

function shown(sql: string): string {
  const line = sql.replace(/\s+/g, " ").trim();
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
