import type { SqlDialect } from "./statement-kinds.js";
import { withoutValues } from "./statement-values.js";

const HIDDEN = "…";
/** Shorter ones would hide ordinary words. Where a short one may stand, in an address or a statement, it is hidden by its place. */
const LEAST_SECRET = 6;
const USER_INFO = /\b([a-z][a-z\d+.-]*:\/\/)[^\s/@'"]+@/gi;

/**
 * What servers quote of rows, greedily, because a value may hold quotes itself.
 * https://dev.mysql.com/doc/mysql-errors/en/ and https://mariadb.com/kb/en/mariadb-error-code-reference/
 */
const QUOTED_VALUES: readonly RegExp[] = [
  /(\bduplicate entry )'.*'(?= for key)/gis,
  /(\b(?:value|string):? )'.*'(?= for column)/gis,
  /(\b(?:value|string):? )'(?!…').*'(?= (?:for|in|at|to|from|is|does|can)\b|[.)]|$)/gis,
  /(\bvalue )'(?!…').*?'(?= |$)/gis,
  /(\bnear )(?:'.*'|".*")(?= at line|:|$)/gis,
  /(\bfor value )\S+/gi,
];
/** knex puts the statement before the driver's message, with the values bound to it. */
const STATEMENT_BEFORE =
  /\b(?:(?:insert|replace)\s+(?:\w+\s+)?into|delete\s+from|update\s+\S+\s+set|select\s.*?\sfrom|call\s+[`\w.]+\s*(?=\())\b.* - /gis;

/** A database's message without the values that it quotes: names of tables, columns and keys stay. */
export function withoutRowValues(message: string): string {
  const own = message.replace(STATEMENT_BEFORE, `${HIDDEN} - `);
  return QUOTED_VALUES.reduce((text, pattern) => text.replace(pattern, `$1'${HIDDEN}'`), own);
}

export interface ReportRedaction {
  readonly dialect: SqlDialect;
  /** Passwords and keys as they are configured. */
  readonly secrets: readonly string[];
}

/** Members that hold SQL, whatever holds them. */
const STATEMENTS = new Set(["statement", "sql", "failedStatement"]);

/** Entries of the journal that have a name instead of a statement. */
const NAMED = new Set(["step", "backfill"]);

/** The same value without credentials and without what comes of rows, in every text of it. */
export function withoutSecrets<T>(value: T, redaction: ReportRedaction): T {
  const secrets = redaction.secrets.filter((secret) => secret.length >= LEAST_SECRET).toSorted((a, b) => b.length - a.length);
  const clean = (text: string): string =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), withoutRowValues(text).replace(USER_INFO, `$1${HIDDEN}@`));
  const walk = (one: unknown, name: string): unknown => {
    if (typeof one === "string") return clean(STATEMENTS.has(name) ? withoutValues(one, redaction.dialect) : one);
    if (Array.isArray(one)) return one.map((item) => walk(item, name));
    if (typeof one !== "object" || one === null) return one;
    const isNamed = NAMED.has(String((one as { readonly kind?: unknown }).kind));
    return Object.fromEntries(Object.entries(one).map(([key, member]) => [key, walk(member, isNamed ? "" : key)]));
  };
  return walk(value, "") as T;
}
