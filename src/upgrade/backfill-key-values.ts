import type { Knex } from "knex";
import type { BackfillProgress } from "../core/backfill.js";
import { UpgateError } from "../core/errors.js";
import { isSqlite, type KeyKind } from "./backfill-key.js";

/** A key's value; whole numbers beyond 2^53 as a string. */
export type Cursor = NonNullable<BackfillProgress["cursor"]>;

/** The key's values on their way to the database and back: drivers round whole numbers beyond 2^53 in both directions. */
export class KeyValues {
  constructor(
    private readonly knex: Knex,
    readonly kind: KeyKind,
  ) {}

  /** To compare the key with. Strings are compared by the column's own collation. */
  bound(cursor: Cursor): Knex.Raw | string {
    return this.kind === "integer" ? this.knex.raw(String(wholeNumber(cursor))) : String(cursor);
  }

  /** Selects a value of the key, `expression`, under a name, in a form that no driver rounds. */
  select(name: string, expression: Knex.Raw): Knex.Raw {
    const { knex } = this;
    if (this.kind === "string") return knex.raw("? as ??", [expression, name]);
    return knex.raw(`cast(? as ${isSqlite(knex) ? "text" : "char"}) as ??`, [expression, name]);
  }

  /** Of what `select` gave. Throws `ERR_UPGATE_MIGRATION_STEP` for what only SQLite keeps in such a column. */
  cursor(value: unknown): Cursor {
    if (this.kind === "integer") return wholeNumber(value);
    if (typeof value === "string") return value;
    throw notAKey(value);
  }
}

function wholeNumber(value: unknown): Cursor {
  const text = String(value);
  if (!/^-?\d+$/.test(text)) throw notAKey(value);
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

function notAKey(value: unknown): UpgateError {
  const told = typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : String(value);
  return new UpgateError("ERR_UPGATE_MIGRATION_STEP", `A backfill met a key that is not of its column's type: ${told}.`);
}
