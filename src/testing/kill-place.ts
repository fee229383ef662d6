import { redactStatement } from "../core/statement-redaction.js";
import type { RunMoment, RunPoint } from "../upgrade/run-hooks.js";

/** Where a process was killed. */
export type KillPlace =
  /** `after`: the last migration that it had recorded. */
  { readonly kind: "migration"; readonly after: string } | ({ readonly kind: "statement" } & RunMoment);

const WORDS: Readonly<Record<RunPoint, string>> = {
  "before-intent": "before it was journaled",
  "after-intent": "journaled, not sent",
  sent: "sent, not answered",
  "after-statement": "answered, not recorded",
  "before-commit": "before a commit",
  "after-commit": "after a commit",
};

const SHOWN_CHARACTERS = 200;
/** What upgate puts before each statement. */
const MARK = /^\/\* upgate:[^*]*\*\/ /;

export function placeOf(moment: RunMoment): KillPlace {
  return { kind: "statement", ...moment, statement: redactStatement(moment.statement.replace(MARK, "")) };
}

/** For people: `in 8.6.1/0001-tax, sent, not answered (alter table …)`. */
export function describePlace(place: KillPlace): string {
  if (place.kind === "migration") return `after ${place.after}`;
  const { migration, point, statement } = place;
  const line = statement.replace(/\s+/g, " ").trim();
  const shown = line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
  return `${migration === null ? "after a migration" : `in ${migration}`}, ${WORDS[point]}${shown === "" ? "" : ` (${shown})`}`;
}
