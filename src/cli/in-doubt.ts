import { Option } from "commander";
import { checkAnswer, doubtOf, IN_DOUBT_ANSWERS } from "../core/in-doubt.js";
import { drainOf, type DrainOptions } from "./drain.js";
import { operator } from "./operator.js";
import type { StatementInDoubt } from "../core/migration.js";
import type { InDoubtAnswer } from "../core/run.js";
import type { RunOptions, StartedRun } from "../upgrade/run-requests.js";
import type { Upgrader } from "../upgrade/upgrader.js";

const COMMANDS = {
  applied: "upgate resume --in-doubt=applied",
  again: "upgate resume --in-doubt=again",
} as const satisfies Record<InDoubtAnswer, string>;

const MEANINGS = {
  applied: "it was carried out: takes it as done and goes on after it",
  again: "it was not: runs it again and goes on",
} as const satisfies Record<InDoubtAnswer, string>;

export interface AnswerOptions extends DrainOptions {
  readonly inDoubt?: InDoubtAnswer;
}

export function inDoubtOption(): Option {
  return new Option("--in-doubt <answer>", "the answer where it can't be told whether a statement was carried out").choices(
    IN_DOUBT_ANSWERS,
  );
}

/** Resumes or retries in this process, with the operator's answer where one is needed; without it the refusal names both. */
export async function goOn(
  upgrader: Upgrader,
  verb: "resume" | "retry",
  signal: AbortSignal,
  { inDoubt, ...drain }: AnswerOptions,
): Promise<StartedRun> {
  const state = await upgrader.state();
  const options: RunOptions = { where: "here", signal, by: operator(), ...drainOf(drain), ...(inDoubt ? { inDoubt } : {}) };
  checkAnswer(
    state,
    inDoubt,
    `Look into the database, then run ${COMMANDS.applied}, or ${COMMANDS.again}. upgate status shows the statement.`,
  );
  // A run in doubt has failed, but for the operator both verbs mean the same: go on with this answer.
  return verb === "retry" || doubtOf(state) !== null ? upgrader.retry(options) : upgrader.resume(options);
}

/** What has to be decided, and how. */
export function doubtLines({ statement, why }: StatementInDoubt): string[] {
  const width = Math.max(...IN_DOUBT_ANSWERS.map((answer) => COMMANDS[answer].length)) + 3;
  return [
    "The statement in doubt:",
    ...printable(statement)
      .split("\n")
      .map((line) => `  ${line}`),
    `Why: ${printable(why)}`,
    "",
    ...IN_DOUBT_ANSWERS.map((answer) => `  ${COMMANDS[answer].padEnd(width)}${MEANINGS[answer]}`),
  ];
}

/** Whatever stands in a migration's text: no control characters for the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, "");
}
