import { Runners } from "./attempt.js";
import { problemsOfBookkeeping } from "./bookkeeping.js";
import { type Chapter, chaptersInDoubt, chaptersOf, newLog, optionsFor, wholeSet } from "./chapter.js";
import { problemsOfSteps, readLog } from "./log.js";
import { compareOutcomes, readOutcome } from "./outcome.js";
import { makeReference, type Reference } from "./reference.js";
import { chooseNumbers, seededRandom } from "./seeded.js";
import type { Target } from "./targets.js";
import { type Death, describeEnding, type Subject, tryDeath, type TrialResult } from "./trial.js";

export interface SweepOptions {
  /** So many points for each database; null: every one. */
  readonly sample: number | null;
  readonly seed: number;
  /** Trials at the same time. */
  readonly jobs: number;
  /** Only the chapter of that name; null: all. */
  readonly chapter: string | null;
  readonly say: (line: string) => void;
}

export interface SweepResult {
  readonly points: number;
  readonly lost: readonly string[];
  readonly asked: number;
}

interface Measured extends Subject {
  readonly moments: number;
  readonly ms: number;
}

const TIMES_PER_CHAPTER = 8;
const CHAINS_PER_CHAPTER = 4;
const LINKS = 4;
const NODE_KILLS = 30;
const TELL_EVERY = 100;

/** Kills runners on one kind of database at every moment of every chapter, at seeded times, and several times in a row. */
export async function sweep(target: Target, options: SweepOptions): Promise<SweepResult> {
  const runners = new Runners(target.dialect, options.jobs);
  try {
    return await sweepWith(target, runners, options);
  } finally {
    await runners.stop();
  }
}

async function sweepWith(target: Target, runners: Runners, options: SweepOptions): Promise<SweepResult> {
  const sinceMs = Date.now();
  const lost: string[] = [];
  const measured: Measured[] = [];
  // Rows of MyISAM tables stay on the node that wrote them: on another one there is nothing to go on with.
  const inDoubt = chaptersInDoubt().filter(({ name }) => target.name !== "galera" || name !== "doubt-myisam");
  const all = [...chaptersOf(target.dialect), ...(target.dialect === "mysql" ? inDoubt : []), wholeSet(target.dialect)];
  const chapters = all.filter(({ name }) => options.chapter === null || options.chapter === name);
  if (chapters.length === 0)
    throw new Error(`There is no chapter "${options.chapter}" for ${target.name}: ${all.map(({ name }) => name).join(", ")}.`);
  for (const chapter of chapters) {
    const subject = { target, runners, chapter, reference: await referenceOf(target, chapter, sinceMs), sinceMs };
    const { problems, ...counted } = await countMoments(subject);
    lost.push(...problems.map((problem) => `${chapter.name} uninterrupted: ${problem}`));
    options.say(`${target.name} ${chapter.name}: ${counted.moments} moments, ${counted.ms} ms`);
    measured.push({ ...subject, ...counted });
  }
  const trials = planTrials(measured, options);
  let tried = 0;
  const results = await inParallel(trials, options.jobs, async ({ subject, death }) => {
    const result = await tryDeath(subject, death);
    if (++tried % TELL_EVERY === 0) options.say(`${target.name}: ${tried} of ${trials.length} points`);
    if (result.problems.length > 0) options.say(lostLine(result));
    return result;
  });
  const nodeResults = target.nodeKiller ? await killNodes(measured, options) : [];
  const points = [...results, ...nodeResults];
  lost.push(...points.filter(({ problems }) => problems.length > 0).map(lostLine), ...wrongQuestions(measured, points, options));
  return { points: points.length, lost, asked: points.filter(({ asked }) => asked.length > 0).length };
}

async function referenceOf(target: Target, chapter: Chapter, sinceMs: number): Promise<Reference> {
  const { address, drop } = await target.create();
  try {
    return await makeReference(chapter, address, sinceMs);
  } finally {
    await drop();
  }
}

/** A run that nobody disturbs: how many moments it has, and whether it does what plain knex does. */
async function countMoments({
  target,
  runners,
  chapter,
  reference,
  sinceMs,
}: Subject): Promise<{ moments: number; ms: number; problems: string[] }> {
  const { address, drop } = await target.create();
  const log = newLog();
  const beganMs = performance.now();
  try {
    const ending = await runners.carryOn({ options: optionsFor(chapter, address), log, killAt: null });
    const ms = Math.round(performance.now() - beganMs);
    if (ending.kind !== "ended") return { moments: 0, ms, problems: [describeEnding(ending)] };
    if (ending.status !== "completed") return { moments: ending.moments, ms, problems: [describeEnding(ending)] };
    const problems = [
      ...compareOutcomes(await readOutcome(address, sinceMs), reference.outcome),
      ...(await problemsOfBookkeeping(chapter, address)),
      ...problemsOfSteps(readLog(log), reference.steps),
    ];
    return { moments: ending.moments, ms, problems };
  } finally {
    await drop();
  }
}

interface Trial {
  readonly subject: Measured;
  readonly death: Death;
}

function planTrials(measured: readonly Measured[], { sample, seed }: SweepOptions): Trial[] {
  const random = seededRandom(seed);
  const total = measured.reduce((sum, { moments }) => sum + moments, 0);
  return measured.flatMap((subject) => {
    const { chapter, moments, ms } = subject;
    if (moments === 0) return [];
    const isWhole = chapter.name.endsWith("-whole");
    const share = sample === null ? Number.POSITIVE_INFINITY : Math.max(2, Math.round((sample * moments) / total));
    const numbers = isWhole ? [] : chooseNumbers(moments, share, random);
    const few = sample === null ? 1 : Math.min(1, share / moments + 0.1);
    const times = Array.from({ length: Math.ceil(TIMES_PER_CHAPTER * few) }, () => Math.round(random() * ms));
    const chains = Array.from({ length: Math.ceil(CHAINS_PER_CHAPTER * few) }, () =>
      Array.from({ length: LINKS }, () => 1 + Math.floor((random() * moments) / 2)),
    );
    const deaths: Death[] = [
      ...numbers.map((number) => ({ kind: "moments" as const, moments: [number] })),
      ...times.map((each) => ({ kind: "time" as const, ms: each })),
      ...chains.map((each) => ({ kind: "moments" as const, moments: each })),
    ];
    return deaths.map((death) => ({ subject, death }));
  });
}

/** Whoever is asked of nothing has been left with a guess; whoever is asked of what can be told, without need. */
function wrongQuestions(measured: readonly Measured[], results: readonly TrialResult[], { sample }: SweepOptions): string[] {
  return measured.flatMap(({ chapter }) => {
    const asked = results.some((result) => result.chapter === chapter && result.asked.length > 0);
    if (asked && !chapter.asks) return [`${chapter.name}: somebody was asked`];
    // A few moments may all miss the statement.
    return !asked && chapter.asks && sample === null ? [`${chapter.name}: nobody was asked`] : [];
  });
}

/** One after the other: there is one cluster. */
async function killNodes(measured: readonly Measured[], { sample, seed, say }: SweepOptions): Promise<TrialResult[]> {
  const subject = measured.find(({ chapter }) => chapter.name.endsWith("-whole"));
  if (!subject || subject.moments === 0) return [];
  const results: TrialResult[] = [];
  for (const moment of chooseNumbers(subject.moments, Math.min(NODE_KILLS, sample ?? NODE_KILLS), seededRandom(seed + 1))) {
    const result = await tryDeath(subject, { kind: "node", moment });
    if (result.problems.length > 0) say(lostLine(result));
    results.push(result);
  }
  return results;
}

function lostLine({ where, problems, asked }: TrialResult): string {
  const answers = asked.length > 0 ? ` [asked: ${asked.join("; ")}]` : "";
  return `${where}${answers} → ${problems.join(" | ")}`;
}

async function inParallel<T, R>(all: readonly T[], jobs: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < all.length) {
      const index = next++;
      results[index] = await work(all[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, all.length) }, worker));
  return results;
}
