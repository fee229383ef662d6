import { MOVING_SESSION, REPEATABLE, SESSION, type Statement } from "./statement-kinds.js";
import { isWord, type Token, type Tokens } from "./statement-tokens.js";

const GLOBAL = new Set(["GLOBAL", "PERSIST", "PERSIST_ONLY"]);
const SESSION_SCOPE = new Set(["SESSION", "LOCAL"]);
/** Which engine a table gets when its statement names none. */
const ENGINE_VARIABLES = new Set(["DEFAULT_STORAGE_ENGINE", "STORAGE_ENGINE", "ENFORCE_STORAGE_ENGINE"]);

/** MySQL's SET, after the word itself. */
export function classifySet(tokens: Tokens): Statement {
  if (tokens.take("PASSWORD") || tokens.take("DEFAULT", "ROLE")) return REPEATABLE;
  let moves = false;
  do {
    const variable = assignedVariable(tokens);
    if (variable === "AUTOCOMMIT") return { kind: "autocommit" };
    if (ENGINE_VARIABLES.has(variable)) moves = true;
  } while (passValue(tokens));
  return moves ? MOVING_SESSION : SESSION;
}

/** The session's variable that is set next, upper case; "" for a user's or a global one. */
function assignedVariable(tokens: Tokens): string {
  const at = tokens.take("@", "@");
  if (!at && isWord(tokens.peek(), "@")) return "";
  let token = tokens.next();
  const scope = wordOf(token);
  if (GLOBAL.has(scope)) return "";
  if (SESSION_SCOPE.has(scope)) {
    if (at) tokens.take(".");
    token = tokens.next();
  }
  return wordOf(token);
}

function wordOf(token: Token | null): string {
  return token && token.kind !== "text" ? token.text.toUpperCase() : "";
}

/** Up to the next assignment of the list; false at the end. */
function passValue(tokens: Tokens): boolean {
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (isWord(token, "(")) tokens.passBrackets();
    else if (isWord(token, ",")) return true;
  }
  return false;
}
