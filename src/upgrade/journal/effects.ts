import { createHmac } from "node:crypto";
import type { Knex } from "knex";
import type { BackfillJournal, BackfillOptions, BackfillProgress, BackfillQuery, BackfillResult } from "../../core/backfill.js";
import { messageOf, UpgateError } from "../../core/errors.js";
import type { MigrationContext, MigrationStep } from "../../core/migration.js";
import { runBackfill } from "../backfill.js";
import { decodeAnswer, encodeAnswer } from "./answers.js";
import type { Attempt, CurrentMigration } from "./attempt.js";
import type { ConnectionState } from "./connection-state.js";
import type { NewEntry } from "./journal-log.js";
import { divergence } from "./replay.js";

const MOST_VALUE = 64 * 1024;
const KEY_CHARACTERS = 32;

export interface EffectsOptions {
  readonly attempt: Attempt;
  readonly current: CurrentMigration;
  /** The one that the migration was given. */
  readonly knex: Knex;
  readonly signal: AbortSignal;
  readonly onPrimary: <T>(work: (state: ConnectionState) => Promise<T>) => Promise<T>;
}

/** `ctx.step` and `ctx.backfill` of one migration. */
export function effectsOf(options: EffectsOptions): Pick<MigrationContext, "step" | "backfill"> {
  return {
    step: (name, effect) => step(options, name, effect),
    backfill: (given) => backfill(options, given),
  };
}

async function step<T>(options: EffectsOptions, name: string, effect: (step: MigrationStep) => Promise<T> | T): Promise<T> {
  const { attempt, current } = options;
  const { file, recording } = current;
  if (typeof name !== "string" || name === "") throw misuse(current, "ctx.step needs a name");
  if (typeof effect !== "function") throw misuse(current, `the step ${name} needs a function`);
  use(current, `step ${name}`);
  const recorded = recording.step(name);
  if (recorded) return recorded.value as T;
  if (recording.isAhead) throw attempt.break(divergence(file.name, recording.missing?.statement ?? "", `ctx.step("${name}")`));
  await attempt.assertMayGoOn();
  const { clock, secret } = attempt.options;
  const entry: NewEntry = { kind: "step", migration: file.name, statement: name };
  const sequence = await options.onPrimary((state) => announce(attempt, state, { ...entry, intentAt: clock.timestamp() }));
  const idempotencyKey = createHmac("sha256", secret).update(`${file.name}\0${name}`).digest("hex").slice(0, KEY_CHARACTERS);
  const answer = encoded(current, name, await effect({ idempotencyKey }));
  await attempt.point("after-statement", name);
  await options.onPrimary((state) => conclude(attempt, state, { ...entry, answer, doneAt: clock.timestamp() }, sequence));
  return decodeAnswer(answer) as T;
}

/** Null: it stays within the transaction that is open, and is recorded with it. */
async function announce(attempt: Attempt, state: ConnectionState, intent: NewEntry): Promise<number | null> {
  if (!attempt.isMysql || isInOwn(state)) return null;
  const sequence = await state.turns.take(() => attempt.writer.commit(state, intent));
  await attempt.point("after-intent", intent.statement ?? "");
  return sequence;
}

/** Within a transaction or savepoint that the migration has opened itself, and may roll back. */
function isInOwn({ scope, savepoints }: ConnectionState): boolean {
  return scope === "own" || savepoints.size > 0;
}

async function conclude(attempt: Attempt, state: ConnectionState, entry: NewEntry, sequence: number | null): Promise<void> {
  if (sequence === null) {
    if (state.open) state.rows.push(entry);
    else attempt.writer.add(entry);
    return;
  }
  const { migration, answer, doneAt } = entry;
  attempt.writer.add({ kind: "done", migration, of: sequence, answer: answer ?? null, doneAt: doneAt ?? null });
  await state.turns.take(() => attempt.writer.commit(state));
  await attempt.point("after-commit", entry.statement ?? "");
}

function encoded(current: CurrentMigration, name: string, value: unknown): string {
  try {
    const answer = encodeAnswer(value);
    if (answer.length <= MOST_VALUE) return answer;
    throw misuse(current, `the value of the step ${name} has ${answer.length} characters, at most ${MOST_VALUE} can be kept`);
  } catch (cause) {
    throw cause instanceof UpgateError ? cause : misuse(current, `the value of the step ${name} can't be kept: ${messageOf(cause)}`, cause);
  }
}

async function backfill(options: EffectsOptions, given: BackfillOptions): Promise<BackfillResult> {
  const { attempt, current, knex, signal } = options;
  const { file, recording, steps } = current;
  const place = `backfill ${String(given?.table)} by ${String(given?.key ?? "id")}`;
  const name = `${place}, ${[...steps].filter((used) => used.startsWith(`${place},`)).length + 1}`;
  use(current, name);
  const recorded = recording.backfill(name);
  const progress = recorded === null ? null : (decodeAnswer(recorded) as BackfillProgress);
  if (recording.isAhead && !progress?.finished) throw attempt.break(divergence(file.name, recording.missing?.statement ?? "", name));
  return runBackfill(given, journalOf(options, name, progress), { knex, clock: attempt.options.clock, signal });
}

function journalOf({ attempt, current, onPrimary }: EffectsOptions, name: string, recorded: BackfillProgress | null): BackfillJournal {
  const { writer } = attempt;
  const migration = current.file.name;
  const batch = async (state: ConnectionState, work: (query: BackfillQuery) => Promise<BackfillProgress>): Promise<BackfillProgress> => {
    const progress = await work((query) => sendQuery(attempt, state, query));
    state.rows.push({
      kind: "backfill",
      migration,
      statement: name,
      answer: encodeAnswer(progress),
      doneAt: attempt.options.clock.timestamp(),
    });
    return progress;
  };
  const commit = async (state: ConnectionState, work: (query: BackfillQuery) => Promise<BackfillProgress>): Promise<BackfillProgress> => {
    // SQLite keeps a whole migration in one transaction; and nobody takes apart what the migration has opened itself.
    if (attempt.isMysql ? isInOwn(state) : state.scope !== "none") return batch(state, work);
    if (state.holdsEntries || writer.waiting > 0) await writer.commit(state);
    await writer.open(state);
    try {
      const progress = await batch(state, work);
      await writer.commit(state);
      await attempt.point("after-commit", name);
      return progress;
    } catch (error) {
      if (attempt.broken === null) await writer.rollback(state);
      throw error;
    }
  };
  return { load: async () => recorded, commit: (work) => onPrimary((state) => state.turns.take(() => commit(state, work))) };
}

async function sendQuery(attempt: Attempt, state: ConnectionState, query: Knex.QueryBuilder | Knex.Raw): Promise<unknown> {
  await attempt.assertMayGoOn();
  const { sql, bindings } = query.toSQL().toNative();
  await attempt.point("before-intent", sql);
  const sent = attempt.database.send(state.connection, `/* ${attempt.comment()} */ ${sql}`, bindings as unknown[]);
  sent.catch((error: unknown) => attempt.noteRefusal(error, sql));
  const response = await sent;
  await attempt.point("after-statement", sql);
  if (Array.isArray(response)) return response;
  const { affectedRows, changes } = response as { affectedRows?: number; changes?: number };
  return affectedRows ?? changes ?? 0;
}

function use(current: CurrentMigration, name: string): void {
  if (current.steps.has(name)) throw misuse(current, `there are two of the name "${name}"`);
  current.steps.add(name);
}

function misuse({ file }: CurrentMigration, what: string, cause?: unknown): UpgateError {
  return new UpgateError("ERR_UPGATE_MIGRATION_STEP", `${file.name}: ${what}.`, { cause });
}
