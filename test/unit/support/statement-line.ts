import assert from "node:assert/strict";
import type { Statement } from "../../../src/core/statement.js";

/**
 * One line for a statement: its kind and what matters of it. `table a -b +c (engine) again?` reads: the target a, drops b,
 * creates c, the engine named, harmless to repeat, not all told.
 */
export function statementLine(statement: Statement): string {
  switch (statement.kind) {
    case "read":
      return ["read", ...(statement.schema ? ["schema"] : []), ...(statement.locking ? ["locking"] : [])].join(" ");
    case "definition": {
      const { targets, creates, drops, renames, engine, repeatable, complete } = statement;
      return [
        ...targets.map(({ type, name }) => `${type} ${name}`),
        ...drops.map((name) => `-${name}`),
        ...creates.map((name) => `+${name}`),
        ...renames.map(([from, to]) => `${from}>${to}`),
        ...(engine === null ? [] : [`(${engine})`]),
        ...(repeatable ? ["again"] : []),
        ...(complete ? [] : ["?"]),
      ].join(" ");
    }
    case "temporary":
      return `temporary ${statement.action} ${statement.names.join(" ")}`;
    case "savepoint":
    case "release":
    case "rollback-to":
      return `${statement.kind} ${statement.name}`;
    case "commit":
    case "rollback":
      return statement.chain ? `${statement.kind} chain` : statement.kind;
    case "session":
    case "repeatable":
      return statement.moves ? `${statement.kind} moves` : statement.kind;
    case "undecidable":
    case "refused":
      assert.match(statement.why, /^[A-Z].{10,140}\.$/, "a sentence for people");
      return statement.kind;
    default:
      return statement.kind;
  }
}
