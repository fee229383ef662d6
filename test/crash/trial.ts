import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { StatementInDoubt } from "../../src/core/migration.js";
import type { Ending, Runners, Task } from "./attempt.js";
import { problemsOfBookkeeping } from "./bookkeeping.js";
import { type Chapter, newLog, optionsFor } from "./chapter.js";
import { describeLast, problemsOfSteps, readLog } from "./log.js";
import { compareOutcomes, onDatabase, readOutcome } from "./outcome.js";
import type { Reference } from "./reference.js";
import type { Target, TrialDatabase } from "./targets.js";
import { answerOf } from "./truth.js";

/** How a runner is made to die: at moments of one process after the other, after a time, or with its database's node. */
export type Death =
  | { readonly kind: "moments"; readonly moments: readonly number[] }
  | { readonly kind: "time"; readonly ms: number }
  | { readonly kind: "node"; readonly moment: number };

export interface Subject {
  readonly target: Target;
  /** Those that die, and those that go on with what the dead have left. */
  readonly runners: Runners;
  readonly chapter: Chapter;
  readonly reference: Reference;
  /** When the suite began, ms since 1970: later instants are not compared. */
  readonly sinceMs: number;
}

export interface TrialResult {
  readonly chapter: Chapter;
  readonly death: Death;
  /** Where the processes died, for people. */
  readonly where: string;
  /** Empty: nothing was lost. */
  readonly problems: readonly string[];
  /** Statements of which the operator was asked. */
  readonly asked: readonly string[];
}

/** More answers than statements in doubt can be. */
const MOST_ATTEMPTS = 12;
const REPORTS = path.join(os.tmpdir(), "upgate-crash-lost");

/** One database: a runner that dies as told, others that carry the run to its end, and what is different then. */
export async function tryDeath(subject: Subject, death: Death): Promise<TrialResult> {
  const { target, chapter } = subject;
  const database = await target.create();
  const log = newLog();
  const told: string[] = [];
  const asked: string[] = [];
  let problems: string[];
  try {
    await dieBy(subject, database, log, death, { told, asked });
    problems = await goOn(subject, database, log, asked);
    if (death.kind === "node") problems.push(...(await afterRevival(subject, database)));
    if (problems.length > 0) await keepReport(subject, database, { death, where: told.join("; then "), problems, asked }, log);
  } catch (error) {
    problems = [`the suite itself failed: ${String(error instanceof Error ? error.stack : error)}`];
  } finally {
    await database.drop();
  }
  const where = `${chapter.name} ${describeDeath(death)}: ${told.join("; then ")}`;
  return { chapter, death, where, problems, asked };
}

/** What is told of a trial as it goes on. */
interface Account {
  readonly told: string[];
  readonly asked: string[];
}

async function dieBy(subject: Subject, database: TrialDatabase, log: string, death: Death, { told, asked }: Account): Promise<void> {
  const { target, chapter, runners } = subject;
  const task = (address: string, more: Partial<Task>): Task => ({ options: optionsFor(chapter, address), log, killAt: null, ...more });
  const note = (pid: number): void => void told.push(describeLast(readLog(log), pid));
  if (death.kind === "time") {
    const runner = await runners.fresh();
    const ended = runner.carryOn(task(database.address, {}));
    await pause(death.ms);
    runner.signal("SIGKILL");
    await ended;
    return note(runner.pid);
  }
  const moments = death.kind === "node" ? [death.moment] : death.moments;
  const before = death.kind === "node" ? (target.nodeKiller?.command ?? []) : [];
  for (const [index, killAt] of moments.entries()) {
    const address = index % 2 === 0 ? database.address : database.takeoverAddress;
    const runner = await runners.fresh();
    const dying = task(address, { killAt, ...(before.length > 0 ? { before } : {}) });
    let ending = await runner.carryOn(dying);
    const doubt = inDoubtOf(ending);
    if (doubt) ending = await runner.carryOn({ ...dying, inDoubt: await answer(chapter, address, doubt, asked) });
    note(runner.pid);
    if (ending.kind === "killed") continue;
    runner.signal("SIGKILL");
    return;
  }
}

function inDoubtOf(ending: Ending): StatementInDoubt | undefined {
  return ending.kind === "ended" ? ending.error?.inDoubt : undefined;
}

async function answer(chapter: Chapter, address: string, doubt: StatementInDoubt, asked: string[]): Promise<"applied" | "again"> {
  const given = await answerOf(chapter, address, doubt);
  asked.push(`${doubt.statement} (${given})`);
  return given;
}

/** Carries the run to its end, answering what is asked, and compares. */
async function goOn(
  { runners, chapter, reference, sinceMs }: Subject,
  { takeoverAddress }: TrialDatabase,
  log: string,
  asked: string[],
): Promise<string[]> {
  const options = optionsFor(chapter, takeoverAddress);
  let inDoubt: "applied" | "again" | undefined;
  for (let count = 0; ; count++) {
    const ending = await runners.carryOn({ options, log, killAt: null, ...(inDoubt ? { inDoubt } : {}) });
    if (ending.kind === "ended" && ending.status === "completed") break;
    const doubt = inDoubtOf(ending);
    if (!doubt || count === MOST_ATTEMPTS) return [`going on ${describeEnding(ending)}`];
    inDoubt = await answer(chapter, takeoverAddress, doubt, asked);
  }
  const outcome = await readOutcome(takeoverAddress, sinceMs);
  return [
    ...compareOutcomes(outcome, reference.outcome),
    ...(await problemsOfBookkeeping(chapter, takeoverAddress)),
    ...problemsOfSteps(readLog(log), reference.steps),
  ];
}

/** The node that died must hold the same in the end. */
async function afterRevival({ target, reference, sinceMs }: Subject, { address }: TrialDatabase): Promise<string[]> {
  await target.nodeKiller?.revive();
  const differences = compareOutcomes(await readOutcome(address, sinceMs), reference.outcome);
  return differences.map((difference) => `on the revived node: ${difference}`);
}

export function describeEnding(ending: Ending): string {
  switch (ending.kind) {
    case "killed":
      return "was killed by somebody";
    case "broken":
      return `broke: ${ending.output.trim()}`;
    case "ended":
      return `ended as ${ending.status}: ${ending.error?.code ?? ""} ${ending.error?.message ?? ending.lines.join(" ")}`.trim();
  }
}

export function describeDeath(death: Death): string {
  switch (death.kind) {
    case "moments":
      return `killed at ${death.moments.join(", then ")}`;
    case "time":
      return `killed after ${death.ms} ms`;
    case "node":
      return `killed with its node at ${death.moment}`;
  }
}

/** The journal and the moments of a lost one, for whoever looks for the cause. */
async function keepReport(
  { target, chapter }: Subject,
  { takeoverAddress }: TrialDatabase,
  result: Omit<TrialResult, "chapter">,
  log: string,
): Promise<void> {
  mkdirSync(REPORTS, { recursive: true });
  const journal = await onDatabase(takeoverAddress, (knex) => knex("upgate_journal").select("*")).catch(String);
  const name = `${target.name} ${chapter.name} ${describeDeath(result.death)}`.replaceAll(/[^\w.]+/g, "-");
  writeFileSync(path.join(REPORTS, `${name}.json`), JSON.stringify({ ...result, journal, log: readLog(log) }, null, 1));
}
