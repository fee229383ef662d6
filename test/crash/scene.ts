import { readFileSync } from "node:fs";
import mysql from "mysql2/promise";
import type { TestServer } from "../support/mariadb.js";
import { until } from "../support/wait.js";
import { type Ending, type Runner, Runners } from "./attempt.js";
import { problemsOfBookkeeping } from "./bookkeeping.js";
import { type Chapter, newLog, optionsFor } from "./chapter.js";
import { isStep, type MomentEntry, problemsOfSteps, readLog } from "./log.js";
import { compareOutcomes, readOutcome } from "./outcome.js";
import { makeReference, type Reference } from "./reference.js";

/** A runner under way, stopped by SIGSTOP where it was told to. */
export interface HaltedRunner {
  readonly runner: Runner;
  readonly ended: Promise<Ending>;
}

/** One database of a server, on which one runner after the other works. */
export interface Scene {
  readonly address: string;
  readonly log: string;
  /** Starts a runner and waits until it stands still at that moment. `address`: another way to the database. */
  haltedAt(moment: number, address?: string): Promise<HaltedRunner>;
  /** Lets another process carry the run to its end. */
  carryOn(): Promise<Ending>;
  /** What differs from the reference, and what is wrong with the bookkeeping; empty when all is well. */
  problems(): Promise<string[]>;
  close(): Promise<void>;
}

/** The moments of an undisturbed run. */
export type Moments = readonly MomentEntry[];

/** What every scene of a chapter shares: the reference, and the moments of an undisturbed run. */
export interface Stage {
  readonly reference: Reference;
  readonly moments: Moments;
  scene(): Promise<Scene>;
}

export async function setStage(server: TestServer, chapter: Chapter): Promise<Stage> {
  const sinceMs = Date.now();
  const reference = await makeReference(chapter, await emptyDatabase(server), sinceMs);
  const scene = async (): Promise<Scene> => openScene(chapter, reference, await emptyDatabase(server), sinceMs);
  const undisturbed = await scene();
  const ending = await undisturbed.carryOn();
  await undisturbed.close();
  if (ending.kind !== "ended" || ending.status !== "completed") throw new Error(`The undisturbed run: ${JSON.stringify(ending)}`);
  const moments = readLog(undisturbed.log).filter((entry): entry is MomentEntry => !isStep(entry));
  return { reference, moments, scene };
}

let databases = 0;

async function emptyDatabase(server: TestServer): Promise<string> {
  const name = `scene_${++databases}`;
  const connection = await mysql.createConnection(server.url("mysql"));
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await connection.end();
  return server.url(name);
}

function openScene(chapter: Chapter, reference: Reference, address: string, sinceMs: number): Scene {
  const log = newLog();
  const runners = new Runners("mysql");
  return {
    address,
    log,
    haltedAt: async (haltAt, by = address) => {
      const runner = await runners.fresh();
      const ended = runner.carryOn({ options: optionsFor(chapter, by), log, killAt: null, haltAt });
      await Promise.race([until("the runner to stand still", () => isStopped(runner.pid)), ended.then(refuse)]);
      return { runner, ended };
    },
    carryOn: () => runners.carryOn({ options: optionsFor(chapter, address), log, killAt: null }),
    problems: async () => [
      ...compareOutcomes(await readOutcome(address, sinceMs), reference.outcome),
      ...(await problemsOfBookkeeping(chapter, address)),
      ...problemsOfSteps(readLog(log), reference.steps),
    ],
    close: () => runners.stop(),
  };
}

function refuse(ending: Ending): never {
  throw new Error(`The runner ended before it stood still: ${JSON.stringify(ending)}`);
}

/** Linux: state T in /proc/<pid>/stat (proc(5)). */
function isStopped(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).startsWith("T");
}
