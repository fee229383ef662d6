import { refused, type Statement, undecidable } from "./statement-kinds.js";
import type { Tokens } from "./statement-tokens.js";

/** What is left of MySQL's statements: those that control transactions, and those that upgate can't follow. */
export function classifyTransaction(verb: string, tokens: Tokens): Statement {
  switch (verb) {
    case "BEGIN":
      return tokens.take("NOT", "ATOMIC")
        ? undecidable("Whether the statements of a compound statement were carried out can't be told from outside.")
        : { kind: "begin" };
    case "START":
      return tokens.take("TRANSACTION") ? { kind: "begin" } : undecidable(`Whether START … was carried out can't be read from the tables.`);
    case "COMMIT":
      return ending("commit", tokens);
    case "ROLLBACK":
      return ending("rollback", tokens);
    case "SAVEPOINT":
      return { kind: "savepoint", name: savepointName(tokens) };
    case "RELEASE":
      tokens.take("SAVEPOINT");
      return { kind: "release", name: savepointName(tokens) };
    default:
      return undecidable(reason(verb));
  }
}

function ending(kind: "commit" | "rollback", tokens: Tokens): Statement {
  tokens.take("WORK");
  if (kind === "rollback" && tokens.take("TO")) {
    tokens.take("SAVEPOINT");
    return { kind: "rollback-to", name: savepointName(tokens) };
  }
  const chain = tokens.take("AND", "CHAIN");
  if (!chain) tokens.take("AND", "NO", "CHAIN");
  if (tokens.take("RELEASE")) return refused(`${kind.toUpperCase()} RELEASE would close the migration's connection.`);
  return { kind, chain };
}

function savepointName(tokens: Tokens): string {
  return tokens.next()?.text.toLowerCase() ?? "";
}

const REASONS: Readonly<Record<string, string>> = {
  CALL: "Whether a procedure was carried out can't be told: what it does is its own affair.",
  EXECUTE: "What EXECUTE carries out is not in its text.",
  DO: "Whether a DO was carried out can't be told: what its functions do is their own affair.",
  HANDLER: "A HANDLER keeps a table open on the connection, which a new connection does not have.",
  KILL: "Whether a KILL was carried out can't be told, and its number may name another connection by now.",
  IMPORT: "Whether IMPORT TABLE was carried out is not compared.",
};

function reason(verb: string): string {
  return (
    REASONS[verb] ?? `Whether ${/^\w{1,20}$/.test(verb) ? verb : "a statement of this kind"} … was carried out can't be told afterwards.`
  );
}
