import { isWord, type Token, Tokens } from "./statement-tokens.js";

/** Largest text that is recorded, bytes of UTF-8. */
const MOST_BYTES = 65_536;
const MARK_BYTES = 64;

/** Without one of these words there is no credential in the text. */
const SUSPICIOUS = /identified|password|\bserver\b|\bmaster\b|\bsource\b|\bpragma\b|\battach\b|\bconnection\b/i;

/** Rows may be megabytes, and of a user's table: only the function matters there. */
const ROWS = /^\s*(?:\/\*(?!M?!)[^*]*\*\/\s*)?(?:insert|replace|update|delete|select)\b/i;
const SECRET_IN_ROWS = /password\s*\(\s*['"]/i;

/**
 * A statement's text as it may be recorded: where it carries credentials, all its texts are `'…'`; beyond 64 kB it is cut, and
 * the end says how many characters are missing.
 */
export function redactStatement(sql: string): string {
  return cut((ROWS.test(sql) ? SECRET_IN_ROWS : SUSPICIOUS).test(sql) && carriesCredentials(sql) ? masked(sql) : sql);
}

function carriesCredentials(sql: string): boolean {
  const tokens = new Tokens(sql, "mysql");
  const first = tokens.next();
  if ((isWord(first, "CREATE") || isWord(first, "ALTER")) && definesAccount(tokens)) return true;
  if (isWord(first, "CHANGE") || isWord(first, "START")) return true;
  if ((isWord(first, "PRAGMA") && namesKey(tokens)) || (isWord(first, "SET") && tokens.take("PASSWORD"))) return true;
  for (let token = tokens.next(); token; token = tokens.next()) if (announcesSecret(token, tokens)) return true;
  return false;
}

function definesAccount(tokens: Tokens): boolean {
  tokens.take("OR", "REPLACE");
  return tokens.take("USER") || tokens.take("SERVER") || tokens.take("ROLE");
}

/** The key of an encrypted SQLite file. */
function namesKey(tokens: Tokens): boolean {
  return /^(?:key|rekey|hexkey|hexrekey|textkey|textrekey)$/i.test(tokens.name()?.at(-1) ?? "");
}

function announcesSecret(token: Token, tokens: Tokens): boolean {
  if (token.kind !== "word") return false;
  const next = tokens.peek();
  if (isWord(token, "IDENTIFIED")) return ["BY", "WITH", "VIA", "AS"].some((word) => isWord(next, word));
  // An account statement behind SET STATEMENT … FOR.
  if (isWord(token, "USER") || isWord(token, "SERVER")) return isText(next);
  if (isWord(token, "PASSWORD") || isWord(token, "OLD_PASSWORD")) return isSecretText(tokens);
  if (isWord(token, "CONNECTION")) return isText(next) || (isWord(next, "=") && isTextAfter(tokens, "="));
  return isWord(token, "KEY") && isText(next);
}

/** `PASSWORD('…')`, `PASSWORD = '…'`, `PASSWORD '…'`. */
function isSecretText(tokens: Tokens): boolean {
  return isText(tokens.peek()) || isTextAfter(tokens, "(") || isTextAfter(tokens, "=");
}

function isTextAfter(tokens: Tokens, mark: string): boolean {
  return tokens.take(mark) && isText(tokens.peek());
}

function isText(token: Token | null): boolean {
  return token !== null && (token.kind === "text" || token.kind === "double");
}

function masked(sql: string): string {
  const tokens = new Tokens(sql, "mysql");
  const parts: string[] = [];
  let end = 0;
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (!isText(token) && !(token.kind === "word" && /^0x[\da-f]+$/i.test(token.text))) continue;
    parts.push(sql.slice(end, token.start), "'…'");
    end = token.end;
  }
  parts.push(sql.slice(end));
  return parts.join("");
}

function cut(sql: string): string {
  if (sql.length * 3 <= MOST_BYTES) return sql;
  const { read } = new TextEncoder().encodeInto(sql, new Uint8Array(MOST_BYTES));
  if (read === sql.length) return sql;
  const kept = new TextEncoder().encodeInto(sql, new Uint8Array(MOST_BYTES - MARK_BYTES)).read;
  return `${sql.slice(0, kept)} … (${sql.length - kept} more characters)`;
}
