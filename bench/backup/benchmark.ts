import type { Benchmark } from "../benchmark.js";
import { Scratch } from "../scratch.js";
import { type AllRuns, type Contender, CONTENDER_NAMES, CONTENDERS, labelOf, noRuns, type Run, type Task } from "./contenders.js";
import { figuresOf, textOf } from "./report.js";
import { type Site, SiteServer } from "./site.js";
import { Tools } from "./tools.js";
import { type Made, Workshop } from "./workshop.js";

const DEFAULT_SECONDS = 480;
const MB = 300;
const QUICK_MB = 20;
/** Of the larger database: one that memory must not grow above. */
const SMALL_SHARE = 0.25;
/** Of a median no interval can be told from fewer. */
const LEAST_ROUNDS = 3;
/** It takes many times as long as the others. */
const ONCE = new Set<Contender>(["npm"]);
const MOST_REASON_CHARACTERS = 200;

export const backupBenchmark: Benchmark = async ({ seconds, quick, say }) => {
  const startedAt = new Date();
  const deadlineMs = performance.now() + (seconds ?? DEFAULT_SECONDS) * 1000;
  const scratch = new Scratch();
  try {
    const server = await SiteServer.start(scratch);
    const mb = quick ? QUICK_MB : MB;
    say(`a MariaDB with ${mb} MB of rows, and one with ${mb * SMALL_SHARE} MB`);
    const site = await server.makeSite("bench_large", mb);
    const smallSite = await server.makeSite("bench_small", mb * SMALL_SHARE);
    const tools = await Tools.find(site.url, scratch.folder);
    const workshop = new Workshop(server, tools, scratch);
    const measuring = new Measuring(workshop, site, smallSite, say);
    measuring.findContenders(tools);
    await measuring.warmUp();
    let longestMs = 0;
    const isOver = (round: number): boolean => (quick ? round >= 1 : round >= LEAST_ROUNDS && performance.now() + longestMs > deadlineMs);
    for (let round = 0; !isOver(round); round += 1) {
      const roundMs = performance.now();
      await measuring.round(round);
      if (round > 0) longestMs = Math.max(longestMs, performance.now() - roundMs);
    }
    const { runs, smallRuns, notes } = measuring;
    const figures = figuresOf({ startedAt, quick, server: server.version, site, smallSite, runs, smallRuns, notes });
    await server.stop();
    return { figures, text: textOf(figures) };
  } finally {
    await scratch.clear();
  }
};

class Measuring {
  readonly runs: AllRuns = noRuns();
  readonly smallRuns: AllRuns = noRuns();
  /** Why there are no figures of a contender. */
  readonly notes = new Map<Contender, string>();

  constructor(
    private readonly workshop: Workshop,
    private readonly site: Site,
    private readonly smallSite: Site,
    private readonly say: (text: string) => void,
  ) {}

  findContenders(tools: Tools): void {
    if (tools.has("mydumper")) return;
    for (const name of ["mydumper", "oursMydumper"] as const) this.notes.set(name, "not installed");
  }

  /** The first ones find rows and programs on the disk, not in memory. */
  async warmUp(): Promise<void> {
    this.say("warm-up");
    for (const name of ["pipeline", "ours"] as const) this.workshop.discard((await this.workshop.create(name, this.site)).made);
  }

  /** Each once, another one first each time, and every other time backwards: none always follows the same one. */
  async round(round: number): Promise<void> {
    const made = new Map<Contender, Made>();
    for (const name of this.turned("create", round)) {
      const created = ONCE.has(name) ? await this.once(name) : await this.create(name);
      if (created) made.set(name, created);
    }
    for (const name of this.turned("check", round)) await this.keep("check", name, this.workshop.check(made.get(name) as Made));
    for (const name of this.turned("restore", round))
      await this.keep("restore", name, this.workshop.restore(made.get(name === "control" ? "pipeline" : name) as Made));
    for (const each of made.values()) this.workshop.discard(each);
    await this.small();
  }

  private turned(task: Task, round: number): Contender[] {
    const names = CONTENDER_NAMES.filter((name) => name in CONTENDERS[task] && !this.notes.has(name) && !(ONCE.has(name) && round > 0));
    const first = round % names.length;
    const turned = [...names.slice(first), ...names.slice(0, first)];
    return round % 2 === 0 ? turned : turned.toReversed();
  }

  private async create(name: Contender): Promise<Made | null> {
    const { run, made } = await this.workshop.create(name, this.site);
    await this.keep("create", name, Promise.resolve(run));
    if (name !== "gzip" && name !== "mydumper" && name !== "control") return made;
    this.workshop.discard(made);
    return null;
  }

  /** This one's backup is worth its figures only if it holds the rows; what is wrong with it is told. */
  private async once(name: Contender): Promise<null> {
    let step = "can't dump this";
    try {
      const { run, made } = await this.workshop.create(name, this.site);
      step = "its dump is not these rows";
      await this.keep("create", name, Promise.resolve(run));
      await this.workshop.restore(made);
      this.workshop.discard(made);
    } catch (error) {
      this.notes.set(name, `${step}: ${reasonOf((error as Error).message)}`);
      this.say(`${labelOf("create", name)}: ${this.notes.get(name)}`);
    }
    return null;
  }

  /** For the memory alone. */
  private async small(): Promise<void> {
    const { run, made } = await this.workshop.create("ours", this.smallSite);
    this.smallRuns.create.ours.push(run);
    this.smallRuns.check.ours.push(await this.workshop.check(made));
    this.smallRuns.restore.ours.push(await this.workshop.restore(made));
    this.workshop.discard(made);
  }

  private async keep(task: Task, name: Contender, running: Promise<Run>): Promise<void> {
    const run = await running;
    this.runs[task][name].push(run);
    this.say(`${task}, ${labelOf(task, name)}: ${(run.ms / 1000).toFixed(2)} s`);
  }
}

/** Of what a program has said: the error's own line, not those of the stack around it. */
function reasonOf(said: string): string {
  const lines = said.split("\n").map((line) => line.trim());
  return (lines.find((line) => /^\w*(?:Error|ERROR)\b.*: /.test(line)) ?? lines[0] ?? "").slice(0, MOST_REASON_CHARACTERS);
}
