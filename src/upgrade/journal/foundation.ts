import { classifyStatement, type Definition } from "../../core/statement.js";
import type { PreState } from "../../store/pre-state.js";

/** What an intent keeps of a table that it makes from nothing. */
export interface FoundationAnswer {
  readonly foundation: string;
}

/**
 * The table that a CREATE makes from nothing, when all that is announced after it goes on making that table: its indexes and
 * foreign keys. Then one intent is enough for all of them: interrupted, the table holds no row and nothing refers to it, so it
 * is removed and made anew. Null: each statement needs its own.
 */
export function foundationOf(definition: Definition, preState: PreState, announced: readonly string[], sql: string): string | null {
  const [target] = definition.targets;
  if (announced.length < 2 || announced[0] !== sql || definition.targets.length !== 1 || target?.type !== "table") return null;
  if (definition.creates.length !== 1 || Object.values(preState).some((state) => state !== null)) return null;
  const rest = announced.slice(1).map((statement) => classifyStatement(statement, "mysql"));
  const only = (statement: (typeof rest)[number]): boolean =>
    statement.kind === "definition" &&
    statement.creates.length === 0 &&
    statement.drops.length === 0 &&
    statement.targets.every(({ type, name }) => type === "table" && name === target.name);
  return rest.every(only) ? target.name : null;
}
