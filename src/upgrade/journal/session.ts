import type { Knex } from "knex";
import type { MigrationContext, MigrationFile, MigrationModule } from "../../core/migration.js";
import { withForeignKeysOff } from "../foreign-keys.js";
import type { Attempt, CurrentMigration } from "./attempt.js";
import type { ConnectionState } from "./connection-state.js";
import type { JournaledKnex } from "./journaled-client.js";
import { Recording } from "./recording.js";
import { divergence } from "./replay.js";
import { effectsOf } from "./effects.js";

/** Data migrations that follow one another share a transaction for so long, ms: about as long as locks may be held. */
const SPAN_MS = 250;

export interface MigrationToApply {
  readonly file: MigrationFile;
  readonly sha256: string;
  readonly module: MigrationModule;
  readonly context: Omit<MigrationContext, "step" | "backfill">;
}

export interface SessionOptions {
  readonly attempt: Attempt;
  readonly database: JournaledKnex;
  /** The connection that migrations run on; null on SQLite, where it is taken for each. */
  readonly primary: object | null;
  /** Unfinished migrations by name. */
  readonly recordings: ReadonlyMap<string, Recording>;
  /** False: every migration commits by itself. */
  readonly spans: boolean;
}

/** Applies migrations, one after the other, each exactly once. */
export class MigrationSession {
  readonly #attempt: Attempt;
  readonly #database: JournaledKnex;
  #primary: ConnectionState | null = null;
  #spanSinceMs = 0;

  constructor(private readonly options: SessionOptions) {
    this.#attempt = options.attempt;
    this.#database = options.database;
    this.#primary = options.primary && this.#attempt.stateOf(options.primary);
  }

  /**
   * Rejects with the migration's own error, with `ERR_UPGATE_DIVERGED`, or with what ended the attempt. A migration that has
   * changed data only may not be committed when this resolves; see `commit`.
   */
  async apply({ file, sha256, module, context }: MigrationToApply): Promise<void> {
    const attempt = this.#attempt;
    const { clock } = attempt.options;
    const beganMs = clock.nowMs();
    const startedAt = clock.timestamp();
    const transactional = module.config?.transaction !== false;
    if (!transactional) await this.commit();
    const recording = this.options.recordings.get(file.name) ?? new Recording();
    const current: CurrentMigration = { file, recording, steps: new Set(), statements: 0, phase: transactional ? "starting" : "running" };
    attempt.current = current;
    attempt.writer.add({
      kind: "start",
      migration: file.name,
      answer: JSON.stringify({ version: file.version, sha256 }),
      doneAt: startedAt,
    });
    const up = async (knex: Knex): Promise<void> => {
      await module.up(knex, {
        ...context,
        ...effectsOf({ attempt, current, knex, signal: context.signal, onPrimary: (work) => this.#onPrimary(work) }),
      });
      await attempt.assertMayGoOn();
      if (recording.missing) throw attempt.break(divergence(file.name, recording.missing.statement ?? "", ""));
      const finished = {
        startedAt,
        finishedAt: clock.timestamp(),
        durationMs: Math.round(clock.nowMs() - beganMs),
        statements: current.statements,
      };
      this.#finish(file, JSON.stringify({ version: file.version, sha256, ...finished }), finished.finishedAt);
    };
    try {
      await (transactional ? this.#inTransaction(current, up) : this.#plainly(up));
    } catch (error) {
      throw attempt.broken ?? error;
    } finally {
      attempt.current = null;
    }
    if (!transactional || !attempt.isMysql || !this.options.spans || clock.nowMs() - this.#spanSinceMs > SPAN_MS) await this.commit();
  }

  /** Commits what the migrations so far have changed, and their entries. */
  async commit(): Promise<void> {
    const attempt = this.#attempt;
    const state = await this.#primaryState();
    if (state.holdsEntries || attempt.writer.waiting > 0) {
      await attempt.writer.commit(state);
      await attempt.point("after-commit");
    }
    this.#letGo();
    this.#spanSinceMs = attempt.options.clock.nowMs();
  }

  async #inTransaction(current: CurrentMigration, up: (knex: Knex) => Promise<void>): Promise<void> {
    const attempt = this.#attempt;
    const state = await this.#primaryState();
    const transaction = (atEnd: () => Promise<void>): Promise<void> =>
      this.#database.knex.transaction(
        async (trx) => {
          try {
            await up(trx);
            await atEnd();
            current.phase = "ending";
          } catch (error) {
            current.phase = "failing";
            throw error;
          }
        },
        { connection: state.connection } as object,
      );
    this.#database.reserve(true);
    try {
      if (attempt.isMysql) await transaction(async () => undefined);
      else {
        const send = async (sql: string) => (await attempt.sendOwn(state.connection, sql)) as readonly Record<string, unknown>[];
        await withForeignKeysOff(send, async (assertNoneBroken) => {
          await transaction(assertNoneBroken);
          // Before foreign keys are enforced again, which a transaction would not let happen.
          await this.commit();
        });
      }
    } finally {
      this.#database.reserve(false);
    }
  }

  async #plainly(up: (knex: Knex) => Promise<void>): Promise<void> {
    // SQLite has one connection; the migration's statements take it from the pool in their turn.
    if (!this.#attempt.isMysql) this.#letGo();
    await up(this.#database.knex);
  }

  #finish({ name }: MigrationFile, answer: string, doneAt: string): void {
    const entry = { kind: "finish", migration: name, answer, doneAt } as const;
    if (this.#primary?.holdsEntries) this.#primary.rows.push(entry);
    else this.#attempt.writer.add(entry);
  }

  /** SQLite has one connection: a migration without a transaction of upgate's needs it itself in between. */
  async #onPrimary<T>(work: (state: ConnectionState) => Promise<T>): Promise<T> {
    const isKept = this.#primary !== null;
    try {
      return await work(await this.#primaryState());
    } finally {
      if (!isKept) this.#letGo();
    }
  }

  async #primaryState(): Promise<ConnectionState> {
    this.#primary ??= this.#attempt.stateOf(await this.#database.hold());
    return this.#primary;
  }

  /** On SQLite between two migrations only; on MySQL the first connection stays for the whole attempt. */
  #letGo(): void {
    if (this.#attempt.isMysql || this.#primary === null) return;
    this.#primary = null;
    this.#database.letGo();
  }
}
